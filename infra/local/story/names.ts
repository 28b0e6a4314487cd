/** Invented people of a Central European company; letters beyond ASCII are meant. */

// prettier-ignore
export const GIVEN = [
  'Anna', 'Lukas', 'Žofia', 'Jürgen', 'Petra', 'Łukasz', 'Eva', 'Matěj', 'Sophie', 'Tomáš', 'Katarína',
  'Florian', 'Ágnes', 'Martin', 'Lucie', 'Stefan', 'Barbora', 'György', 'Helena', 'Andreas', 'Zuzana',
  'Michał', 'Ingrid', 'Ondřej', 'Magdalena', 'Christoph', 'Dorota', 'Jakub', 'Veronika', 'Günther',
  'Elena', 'Radek', 'Theresa', 'Bence', 'Silvia', 'Filip', 'Milena', 'Johannes', 'Alžbeta', 'Peter',
  'Iveta', 'Wolfgang', 'Nikola', 'Dávid', 'Greta', 'Vojtěch', 'Renata', 'Simon',
] as const;

// prettier-ignore
export const FAMILY = [
  'Novák', 'Huber', 'Svobodová', 'Wagner', 'Kowalska', 'Černý', 'Bauer', 'Horváth', 'Procházka', 'Gruber',
  'Szabó', 'Müller', 'Krejčí', 'Steiner', 'Wiśniewski', 'Moser', 'Pokorná', 'Tóth', 'Fischer', 'Kučera',
  'Leitner', 'Nowak', 'Beneš', 'Winkler', 'Fiala', 'Weiß', 'Sedláček', 'Egger', 'Kováč', 'Brunner',
  'Zeman', 'Baumgartner', 'Polák', 'Reiter', 'Urban', 'Schwarz', 'Vaněk', 'Lang', 'Kiss', 'Auer',
  'Šťastný', 'Wimmer', 'Jelínek', 'Haas', 'Doležal', 'Binder', 'Kříž', 'Ortner',
] as const;

export const DEPARTMENTS = [
  'Sales',
  'Purchasing',
  'Logistics',
  'Finance',
  'IT',
  'Legal',
  'HR',
  'Quality',
] as const;

const SPECIAL: Record<string, string> = { ł: 'l', ß: 'ss', đ: 'd', ø: 'o' };

/** Letters as a mail address carries them. */
export const plainLetters = (name: string): string =>
  name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[łßđøŁ]/g, (letter) => SPECIAL[letter.toLowerCase()] ?? letter)
    .replaceAll(/[^A-Za-z0-9.]/g, '');

import { objectsAt, textAt } from '../../indexing/fields.ts';

/** Subjects of the mails a record is about. */
export function subjectsOf(body: unknown): string[] {
  const subjects = [
    textAt(body, 'Item', 'Subject'),
    textAt(body, 'Subject'),
    ...objectsAt(body, 'AffectedItems').map((item) => textAt(item, 'Subject')),
  ];
  return [...new Set(subjects.filter((subject) => subject !== undefined))].slice(0, 50);
}

/** `npm run check:azure`: the deployment folder, without Azure and without a Bicep compiler. Exit code 1 on a problem. */
import { join } from 'node:path';
import { showProblem } from './problem.ts';
import { checkProject } from './project.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const schemas = process.env['ARM_SCHEMAS'] ?? join(root, '..', 'shared', 'data', 'arm-schemas');

const report = await checkProject({ root, schemas });
report.problems.forEach((p) => console.log(showProblem(p)));
console.log(
  `${report.templates} templates, shape of ${report.checked} resources checked against ARM schemas`,
);
if (!report.schemasFound)
  console.log(`NOT CHECKED: no shape of any resource, for want of ARM schemas in ${schemas}`);
else if (report.unchecked.length > 0)
  console.log(`NOT CHECKED, no schema at hand: the shape of ${report.unchecked.join(', ')}`);
console.log('NOT CHECKED: types of expressions beyond the plain ones, and anything that only Azure can tell');
console.log(`${report.problems.length} problems`);
process.exitCode = report.problems.length === 0 ? 0 : 1;

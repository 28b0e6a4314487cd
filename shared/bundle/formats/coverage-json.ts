import { formatSeconds } from '../../instant.ts';
import { leftOut } from '../twins.ts';
import { jsonFile, type CoreFormat } from './format.ts';

/** `coverage.json`: what is proven collected, and what is not, when the bundle was planned. */
export const coverageJson: CoreFormat = ({ plan, twins }) => [
  jsonFile('coverage.json', {
    from: formatSeconds(plan.scope.fromMs),
    to: formatSeconds(plan.scope.toMs),
    sources: plan.coverage,
    leftOut: leftOut(twins),
  }),
];

import { snapshotPath } from '../../snapshot.ts';
import { jsonFile, type Format } from './format.ts';

/** `state/*.json`: each snapshot with its time and permission, or why there is none. */
export const stateJson: Format = ({ snapshots }) =>
  snapshots.map((file) => {
    const { name: _name, ...rest } = file;
    return jsonFile(snapshotPath(file), rest);
  });

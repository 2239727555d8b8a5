// What the page's link holds: a page whose source is asked for, or one file.
import { choice, type StateOf } from '../shared/state.ts';
import { files } from './files.ts';

export const folderOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : 'index');
export const folders = [...new Set(files.map(folderOf))];

export const fields = {
  page: choice(folders, 'index'),
  file: choice(['', ...files], ''),
};

export type State = StateOf<typeof fields>;

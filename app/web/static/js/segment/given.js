// What the server tells the editor of segments: the fields that can be asked about, and its texts.
import { byId } from '../dom.js';

const read = (id) => JSON.parse(byId(id).textContent);

export const fields = read('segment-fields');
export const texts = read('segment-texts');
export const fieldOf = (part) => fields.find((field) => field.name === part.field);

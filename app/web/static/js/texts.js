// What the script says: translated on the server (app/web/texts.py), in the block #js-texts.
import { $ } from './dom.js';

export const texts = JSON.parse($('#js-texts')?.textContent || '{}');
const tongue = texts.locale || 'en';
const rules = new Intl.PluralRules(tongue);

export const t = (key, values = {}) =>
  (texts[key] || key).replace(/{(\w+)}/g, (all, name) => values[name] ?? all);

export const count = (n) => n.toLocaleString(tongue);

// A text that counts something comes in the forms of its language: {one: "{n} …", few: …, other: …}.
export const counted = (forms, n, shown = count(n)) => {
  const text = typeof forms === 'string' ? forms : forms[rules.select(n)] ?? forms.other;
  return text.replace('{n}', shown);
};

export const number = (options) => new Intl.NumberFormat(texts.locale, options);

// Says it to whoever listens to the page instead of looking at it.
export const say = (text) => {
  const live = $('#live');
  if (live) live.textContent = text;
};

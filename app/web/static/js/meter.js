// How many SMS a text becomes, for the longest values, and what they cost.
import { $, $$, on } from './dom.js';
import { dresses } from './dressing.js';
import { count, number } from './texts.js';

// GSM 7-bit, in which the signs of the extension count twice; any other sign makes it UCS-2.
const GSM =
  /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/;
const TWICE = /[\^{}\\[~\]|€]/g;

const fill = (text, values) =>
  text.replace(
    /{{\s*(\w+)[^{}]*}}|{(\w+)}/g,
    (all, tag, name) => values[tag ?? name] ?? all,
  );

const measure = (text) => {
  const gsm = GSM.test(text);
  const size = text.length + (gsm ? (text.match(TWICE) || []).length : 0);
  const [one, many] = gsm ? [160, 153] : [70, 67];
  const parts = size <= one ? 1 : Math.ceil(size / many);
  return { gsm, size, parts, room: parts === 1 ? one : parts * many };
};

const show = (name, value) =>
  $$(`[data-sms=${name}]`).forEach((place) => {
    place.textContent = value;
  });

const meter = (area) => {
  const facts = JSON.parse(area.dataset.smsMeter);
  const text = fill(area.value, facts.longest);
  const { gsm, size, parts, room } = measure(text);
  show('size', count(size));
  show('parts', parts);
  show('room', room - size);
  show('code', gsm ? 'GSM‑7' : 'Unicode');
  show('odd', gsm ? '' : [...text].find((sign) => !GSM.test(sign)) || '');
  show('preview', fill(area.value, facts.sample));
  if (facts.price !== null) {
    const money = number({ style: 'currency', currency: facts.currency });
    show('cost', money.format(facts.recipients * parts * facts.price));
  }
  const bar = $('[data-sms=bar]');
  const line = $('[data-sms=odd-line]');
  if (bar) Object.assign(bar, { max: room, value: size });
  if (line) line.hidden = gsm;
};
dresses('[data-sms-meter]', meter);
on('input', '[data-sms-meter]', meter);

// Writing a message: how long it is, and what a client sees.
import { $, $$, byId, count, dresses, number, on, postForm, say } from './basics.js';

// How many SMS a text becomes, for the longest values, and what they cost.

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

// Messages: a variable put in where the cursor stands, and the message as a client sees it.

on('click', '[data-insert]', (button) => {
  const area = byId(button.dataset.into);
  area.setRangeText(button.dataset.insert, area.selectionStart, area.selectionEnd, 'end');
  area.focus();
  area.dispatchEvent(new Event('input', { bubbles: true }));
});

let client = 0;
const preview = async () => {
  const place = $('[data-preview-url]');
  const form = place?.closest('form');
  if (!form) return;
  const body = new FormData(form);
  body.set('preview', String(client));
  try {
    place.innerHTML = await postForm(place.dataset.previewUrl, body);
    const who = $('[data-preview-of]', place);
    const head = $('#h-prev');
    if (who && head) head.textContent = who.dataset.previewOf;
  } catch (error) {
    say(error.message);
  }
};
on('click', '[data-preview-next]', () => {
  client += 1;
  preview();
});
let waiting;
on('input', 'form', (form) => {
  const place = $('[data-preview-url]', form);
  if (!place || place.dataset.sms) return;
  clearTimeout(waiting);
  waiting = setTimeout(preview, 600);
});

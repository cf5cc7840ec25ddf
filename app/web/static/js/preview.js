// Messages: a variable put in where the cursor stands, and the message as a client sees it.
import { $, byId, on } from './dom.js';
import { postForm } from './fetching.js';
import { say } from './texts.js';

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

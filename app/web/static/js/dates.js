// Dates are picked or typed in the reader's way and sent as ISO: flatpickr.
import { root } from './dom.js';

const { flatpickr } = globalThis;
const TAKEN_OVER = ['aria-label', 'aria-describedby', 'aria-invalid', 'aria-required'];
const DAYS = { de: 'd.m.Y', ru: 'd.m.Y', uk: 'd.m.Y', pt: 'd/m/Y' };
const tongue = root.lang.slice(0, 2);

const shownAs = (timed) => {
  if (DAYS[tongue]) return DAYS[tongue] + (timed ? ' H:i' : '');
  return timed ? 'j M Y, H:i' : 'j M Y';
};
const attributesOf = (input) =>
  TAKEN_OVER
    .filter((name) => input.hasAttribute(name))
    .map((name) => [name, input.getAttribute(name)]);

// The field that is seen takes the place of the one that is sent: label, id and all.
const standIn = (input, shown, { id, required, attributes }) => {
  input.id = `${id}-value`;
  input.removeAttribute('required');
  shown.id = id;
  shown.required = required;
  shown.className = `${input.className.replace('flatpickr-input', '').trim()} flatpickr-input`;
  attributes.forEach(([name, value]) => shown.setAttribute(name, value));
};
const settingsOf = (input) => {
  const form = input.dataset.date;
  const timed = input.type === 'datetime-local' || form.includes('H');
  const was = { id: input.id, required: input.required, attributes: attributesOf(input) };
  return {
    allowInput: true,
    altInput: true,
    enableTime: timed,
    time_24hr: tongue !== 'en',
    disableMobile: false,
    dateFormat: form || (timed ? 'Y-m-d\\TH:i' : 'Y-m-d'),
    altFormat: shownAs(timed),
    locale: { ...flatpickr.l10ns[tongue], firstDayOfWeek: 1 },
    appendTo: input.closest('dialog') || undefined,
    onReady: (_dates, _text, picker) => {
      const shown = picker.altInput || picker.mobileInput;
      if (shown) standIn(input, shown, was);
    },
    onChange: () => input.dispatchEvent(new Event('change', { bubbles: true })),
  };
};

export const dressDate = (input) => {
  if (!flatpickr || input._flatpickr || input.closest('template')) return;
  if (input.readOnly || input.disabled) return;
  const picker = flatpickr(input, settingsOf(input));
  // What was typed by hand counts too, also without leaving the field by the calendar.
  picker.altInput?.addEventListener('blur', ({ target }) => {
    if (target.value !== '' || picker.selectedDates.length) {
      picker.setDate(target.value, false, picker.config.altFormat);
    }
  });
};

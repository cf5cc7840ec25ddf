// Opening hours: a further span is an empty copy of the last; a day's are copied to the working days.
import { $, $$, on } from './dom.js';
import { say } from './texts.js';

const changed = (button) => button.dispatchEvent(new Event('change', { bubbles: true }));

const addSpan = (place) => {
  const spans = $$('.hour-span', place);
  const more = spans.at(-1).cloneNode(true);
  $$('input', more).forEach((box) => {
    box.value = '';
    box.removeAttribute('value');
    box.id = `${box.name}-${spans.length}`;
  });
  spans.at(-1).after(more);
  return more;
};
on('click', '[data-add-span]', (button) => {
  $('input', addSpan(button.closest('[data-spans]'))).focus();
  changed(button);
});

const copyDay = (from, to) => {
  const wanted = $$('.hour-span', from).map((span) => $$('input', span).map((box) => box.value));
  while ($$('.hour-span', to).length < wanted.length) addSpan($('[data-spans]', to));
  $$('.hour-span', to).forEach((span, i) =>
    $$('input', span).forEach((box, j) => {
      box.value = wanted[i]?.[j] ?? '';
    })
  );
  $('[type=checkbox]', to).checked = $('[type=checkbox]', from).checked;
};
on('click', '[data-copy-day]', (button) => {
  const [monday, ...others] = $$('.hour-day', button.closest('fieldset'));
  others.slice(0, 4).forEach((day) => copyDay(monday, day));
  changed(button);
  say(button.textContent.trim());
});

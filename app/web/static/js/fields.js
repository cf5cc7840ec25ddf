// Forms and what is filled in there: hours, lines, dates, selects.
import {
  $,
  $$,
  ask,
  byId,
  counted,
  dress,
  fetchJson,
  hear,
  make,
  memory,
  on,
  root,
  say,
  t,
  texts,
} from './basics.js';

// Opening hours: a further span is an empty copy of the last; a day's are copied to the working days.

const changed = (place) => place.dispatchEvent(new Event('change', { bubbles: true }));

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

// Lines of a form: added, taken out, and numbered without gaps.

const NUMBERED = ['name', 'id', 'for', 'aria-describedby'];
const FIELD = 'input:not([type=hidden]), select';

const renumber = (table) => {
  const name = table.dataset.sheet;
  const quoted = name.replace(/[-\\.]/g, '\\$&');
  const pattern = new RegExp(`^${quoted}-(\\d+|__i__)(-|(?=[a-z])|$)`);
  const numbered = (value, i) =>
    value.replace(pattern, (all) => `${name}-${i}${value.length > all.length ? '-' : ''}`);
  $$('tbody > tr', table).forEach((row, i) =>
    $$('[name], [id], [for], [aria-describedby]', row).forEach((element) =>
      NUMBERED.forEach((key) => {
        const value = element.getAttribute(key);
        if (value) element.setAttribute(key, numbered(value, i));
      })
    )
  );
};

on('click', '[data-add-row]', (button) => {
  const table = byId(button.dataset.addRow);
  const blank = $(`template[data-blank="${table.dataset.sheet}"]`);
  const row = blank.content.firstElementChild.cloneNode(true);
  table.tBodies[0].append(row);
  renumber(table);
  dress(row);
  $(FIELD, row)?.focus();
  changed(table);
});

// A line that is stored is struck out and sent as deleted; a second click brings it back.
const strikeOut = (row, button, id) => {
  const name = id.name.replace(/-id$/, '-delete');
  const flag = $$('input[type=hidden]', row).find((field) => field.name === name);
  const gone = row.classList.toggle('gone');
  button.setAttribute('aria-pressed', gone);
  if (flag) flag.value = gone ? '1' : '';
  else row.lastElementChild.append(make('input', { type: 'hidden', name, value: '1' }));
};
const takeOut = (row, table) => {
  const next = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  renumber(table);
  ($(FIELD, next || table) || $(`[data-add-row="${table.id}"]`))?.focus();
};
on('click', '[data-remove-row]', (button) => {
  const row = button.closest('tr');
  const table = button.closest('table');
  const id = $$('input[type=hidden]', row).find((field) => /-id$/.test(field.name) && field.value);
  if (id) strikeOut(row, button, id);
  else takeOut(row, table);
  say(t('rowRemoved'));
  changed(table);
});

// Dates are picked or typed in the reader's way and sent as ISO: flatpickr.

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
const dateSettings = (input) => {
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
  const picker = flatpickr(input, dateSettings(input));
  // What was typed by hand counts too, also without leaving the field by the calendar.
  picker.altInput?.addEventListener('blur', ({ target }) => {
    if (target.value !== '' || picker.selectedDates.length) {
      picker.setDate(target.value, false, picker.config.altFormat);
    }
  });
};

// Forms: sent once, unsaved changes counted, nothing lost by leaving.

const markSent = (form, button) => {
  memory(form).sent = true;
  memory(form).dirty = false;
  if (!button) return;
  button.classList.add('busy');
  button.setAttribute('aria-disabled', 'true');
  say(t('saving'));
};
hear('submit', (event) => {
  const form = event.target;
  const method = form.getAttribute('method');
  if (method === 'dialog') return;
  if (memory(form).sent) event.preventDefault();
  else if (method === 'post') {
    // Whoever else listens may still have stopped it.
    setTimeout(() => {
      if (!event.defaultPrevented) markSent(form, event.submitter);
    });
  }
});
// A page that comes back from the browser's memory can be sent again.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  $$('form').forEach((form) => {
    memory(form).sent = false;
  });
  $$('.busy').forEach((button) => {
    button.classList.remove('busy');
    button.removeAttribute('aria-disabled');
  });
});

const stateOf = (form) => {
  const values = {};
  for (const [name, value] of new FormData(form)) {
    if (name === 'csrf_token') continue;
    (values[name] ||= []).push(value instanceof File ? value.name : value);
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, list]) => [name, JSON.stringify(list)]),
  );
};
const changesOf = (form) => {
  const now = stateOf(form);
  const then = memory(form).first || {};
  const names = new Set([...Object.keys(now), ...Object.keys(then)]);
  return [...names].filter((name) => now[name] !== then[name]).length;
};

export const rememberFirst = (form) => {
  memory(form).first = stateOf(form);
};
export const guard = (form) => {
  const n = changesOf(form);
  const line = $('[data-dirty]', form);
  memory(form).dirty = n > 0;
  if (!line) return;
  line.hidden = !n;
  line.textContent = counted(texts.unsavedCount || '', n);
};
on('input', 'form[data-guard]', guard);
on('change', 'form[data-guard]', guard);
addEventListener('beforeunload', (event) => {
  if ($$('form[data-guard]').some((form) => memory(form).dirty)) event.preventDefault();
});
on('click', '[data-discard]', async (link, event) => {
  const form = link.closest('form');
  if (!form || !memory(form).dirty) return;
  event.preventDefault();
  if (await ask(t('unsaved'), t('leave'), true)) {
    memory(form).dirty = false;
    location.href = link.href;
  }
});

// Selects that are searched in, here (data-tom) or on the server (data-lookup-url): Tom Select.

const { TomSelect } = globalThis;

// Of a select within another record (a line of the chosen order) all options show, and follow what is chosen there.
const lookUp = (select) => {
  const { lookupUrl, lookupWithin } = select.dataset;
  return {
    valueField: 'id',
    labelField: 'text',
    searchField: [],
    preload: false,
    loadThrottle: 200,
    maxOptions: 50,
    shouldLoad: (query) => query.length > 0 || Boolean(lookupWithin),
    ...(lookupWithin && {
      onFocus() {
        this.load(this.inputValue());
      },
    }),
    load: async (query, done) => {
      try {
        const url = new URL(lookupUrl, location.href);
        url.searchParams.set('q', query);
        if (lookupWithin) {
          url.searchParams.set('within', select.form?.elements[lookupWithin]?.value || '');
        }
        const { results } = await fetchJson(url);
        const box = select.tomselect;
        box.clearOptions((option) => box.items.includes(String(option.id)));
        done(results);
      } catch {
        done();
        say(t('failed'));
      }
    },
  };
};

const selectSettings = (select) => {
  const { lookupUrl, placeholder, tom } = select.dataset;
  const note = (key) => (_, escape) => `<div class="no-results">${escape(t(key))}</div>`;
  return {
    plugins: select.multiple ? { remove_button: { title: t('remove') } } : {},
    create: tom === 'tags',
    maxOptions: 500,
    allowEmptyOption: false,
    placeholder: placeholder || (lookupUrl ? t('typeMore') : ''),
    render: {
      no_results: note('nothingFound'),
      loading: note('loading'),
      not_loading: lookupUrl ? note('typeMore') : undefined,
    },
    /** @this {any} */
    onInitialize() {
      if (select.getAttribute('aria-invalid')) this.wrapper.classList.add('wrong');
    },
    ...(lookupUrl && lookUp(select)),
  };
};

// A remote select that holds only ids (in the filter editor) asks for their names.
const nameOptions = async (select, box) => {
  const bare = box.items.filter((id) => box.options[id]?.text === id);
  if (!bare.length) return;
  try {
    const url = new URL(select.dataset.lookupUrl, location.href);
    bare.forEach((id) => url.searchParams.append('id', id));
    const { results } = await fetchJson(url);
    results.forEach((one) => box.updateOption(String(one.id), { ...one, id: String(one.id) }));
  } catch {
    say(t('failed'));
  }
};

// Its box takes over what the select was called and said to be.
const describe = (select, box, label) => {
  const said = {
    'aria-label': label?.replace(/\s+/g, ' '),
    'aria-invalid': select.getAttribute('aria-invalid') && 'true',
    'aria-describedby': select.getAttribute('aria-describedby'),
  };
  for (const [name, value] of Object.entries(said)) {
    if (value) box.control_input.setAttribute(name, value);
  }
  select.setAttribute('aria-hidden', 'true');
};
export const dressSelect = (select) => {
  if (!TomSelect || select.tomselect || select.closest('template')) return;
  // Read first: Tom Select points the label at its own box.
  const label = select.labels?.[0]?.textContent.trim() || select.getAttribute('aria-label');
  const box = new TomSelect(select, selectSettings(select));
  describe(select, box, label);
  if (select.dataset.lookupUrl) nameOptions(select, box);
};

// A dressed select is hidden: whoever follows the summary of errors to it means its box.
on('click', '.note.bad a[href^="#"]', (link, event) => {
  const box = byId(link.hash.slice(1))?.tomselect;
  if (!box) return;
  event.preventDefault();
  box.focus();
});

// Lists: which columns show, and keeping a view under a name.
import { $, $$, hear } from './dom.js';

// A changed filter or column begins again at the first page.
export const restart = (url) =>
  ['after', 'before', 'page', 'at'].forEach((name) => url.searchParams.delete(name));

const showColumns = (form) => {
  const url = new URL(location.href);
  const ticked = $$('input[type=checkbox]', form).filter((box) => box.checked);
  url.searchParams.set('cols', ticked.map((box) => box.value).join(','));
  location.assign(url);
};
hear('submit', (event) => {
  const form = event.target;
  if (form.matches('[data-columns]')) {
    event.preventDefault();
    showColumns(form);
  }
  if (form.matches('[data-save-view]')) {
    $('input[name=query]', form).value = location.search.replace(/^\?/, '');
  }
}, true);

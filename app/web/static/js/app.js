// The script of every page; what only one kind of page needs (charts, rights, messages, segments) its template names
// before this one. Everything is found by data attributes (app/web/README.md), also in what is loaded later.
import './filters.js';
import './hours.js';
import './selection.js';
import './sheets.js';
import { dressDate } from './dates.js';
import { $ } from './dom.js';
import { dress, dresses } from './dressing.js';
import { rememberFirst } from './forms.js';
import { loadWhenSeen } from './fragments.js';
import { applyTheme } from './look.js';
import { poll } from './polling.js';
import { dressSelect } from './selects.js';
import { openTabOfAddress } from './shell.js';

dresses('select[data-tom], select[data-lookup-url]', dressSelect);
dresses('[data-date]', dressDate);
dresses('[data-fragment][data-lazy]', loadWhenSeen);
dresses('[data-poll-url]', poll);
// Last: what dressing has put into the fields is no change of the reader's.
dresses('form[data-guard]', rememberFirst);

dress(document);
applyTheme();
$('[data-focus]')?.focus();
openTabOfAddress();

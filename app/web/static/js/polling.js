// Progress: fetched again until the answer no longer asks for it.
import { make } from './dom.js';
import { dress } from './dressing.js';
import { fetchText } from './fetching.js';

const secondsOf = (place) => Number(place.dataset.pollSeconds) || 3;

const isUsed = (place) => {
  const active = document.activeElement;
  return place.contains(active) && active.tagName !== 'BODY';
};
const renew = async (place) => {
  const box = make('div');
  box.innerHTML = await fetchText(place.dataset.pollUrl);
  const next = box.firstElementChild;
  if (isUsed(place)) { // nothing moves under the reader's hands
    poll(place);
    return;
  }
  place.replaceWith(next);
  dress(next);
  // The end: buttons and badges change too.
  if (!next.dataset.pollUrl && next.dataset.reload !== 'no') location.reload();
};
export const poll = (place) => {
  setTimeout(() => {
    if (!place.isConnected) return;
    if (document.hidden) poll(place);
    else renew(place).catch(() => poll(place));
  }, secondsOf(place) * 1000);
};

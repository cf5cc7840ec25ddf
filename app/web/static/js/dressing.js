// What a page or a fragment needs when it arrives: `app.js` says what is dressed, and in which order.
import { $$ } from './dom.js';

const ways = [];

export const dresses = (selector, act) => ways.push([selector, act]);

export const dress = (place) => {
  for (const [selector, act] of ways) {
    if (place.matches?.(selector)) act(place);
    $$(selector, place).forEach(act);
  }
};

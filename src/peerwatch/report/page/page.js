'use strict';
// Shows the rollouts that the fragment names (#model=…&arm=…&label=…&fact=…), keeps the choices
// and the fragment in step, and opens the rollout or certificate that a link points into. Without this script
// every rollout is shown, and a number leads to the first of its rollouts.
(() => {
  const KEYS = ['model', 'arm', 'label', 'fact'];
  const list = document.getElementById('rollouts');
  const rollouts = [...document.querySelectorAll('.rollout')];
  const cells = [...document.querySelectorAll('.cell')];
  const choices = Object.fromEntries(KEYS.map((name) => [name, document.getElementById('by-' + name)]));
  const count = document.getElementById('shown');
  const wanted = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    return Object.fromEntries(KEYS.map((name) => [name, asked.get(name) || '']));
  };
  const filter = (by) => {
    let shown = 0;
    for (const one of rollouts) {
      const its = one.dataset;
      const fits = (!by.model || its.model === by.model) && (!by.arm || its.arm === by.arm) &&
        (!by.label || its.label === by.label) &&
        (!by.fact || (' ' + its.fact + ' ').includes(' ' + by.fact + ' '));
      one.hidden = !fits;
      shown += fits;
    }
    for (const cell of cells) cell.hidden = !cell.querySelector('.rollout:not([hidden])');
    for (const name of KEYS) {
      choices[name].value = by[name];
      if (choices[name].selectedIndex < 0) choices[name].value = '';
    }
    count.textContent = shown === rollouts.length
      ? `all ${shown} rollouts` : `${shown} of ${rollouts.length} rollouts`;
  };
  const follow = () => {
    const hash = location.hash.slice(1);
    if (hash.includes('=')) {
      filter(wanted());
      list.scrollIntoView();
      return;
    }
    const place = hash && document.getElementById(hash);
    const folded = place && place.closest('details');
    if (folded) {
      const rollout = place.closest('.rollout');
      if (rollout && rollout.hidden) filter({model: '', arm: '', label: '', fact: ''});
      for (let up = place; up; up = up.parentElement) if (up.localName === 'details') up.open = true;
      place.scrollIntoView();
    } else if (!hash) {
      filter(wanted());
    }
  };
  for (const name of KEYS) {
    choices[name].addEventListener('change', () => {
      const parts = KEYS.filter((each) => choices[each].value).map((each) => each + '=' + choices[each].value);
      if (parts.length) location.hash = parts.join('&');
      else {
        history.pushState(null, '', location.pathname + location.search);
        filter(wanted());
      }
    });
  }
  document.getElementById('clear').addEventListener('click', () => {
    history.pushState(null, '', location.pathname + location.search);
    filter(wanted());
  });
  document.getElementById('close').addEventListener('click', () => {
    for (const one of rollouts) one.open = false;
  });
  document.querySelector('.filters').hidden = false;
  addEventListener('hashchange', follow);
  addEventListener('popstate', () => { if (!location.hash) filter(wanted()); });
  filter(wanted());
  if (location.hash) follow();
})();

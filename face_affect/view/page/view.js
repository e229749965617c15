// Copyright 2026 the face_affect contributors
// SPDX-License-Identifier: Apache-2.0

'use strict';

const MINUTE = 60; // seconds of the timeline
const LINGER = 1.5; // seconds from the last detection of a face to the removal of its card
const SILENCE = 2.5; // seconds without an image until a warning
const MERGE = 0.7; // maximum seconds between detections that are drawn as one interval

const byId = (id) => document.getElementById(id);
const seconds = () => performance.now() / 1000;
const cards = new Map(); // id -> card
const tracks = new Map(); // id -> [{from, to, label}] of the last minute
let greeting = null;
let source = null;
let latest = null;
let arrived = 0;
let drawn = null;
let connections = 0;

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function strip(width) {
  return svg('svg', { viewBox: `0 0 ${width} 1`, preserveAspectRatio: 'none' });
}

const percent = (value) => `${Math.round(100 * value)} %`;
const colour = (label) => greeting.colours[label] ?? greeting.colours.unknown;

function duration(value) {
  return value < 60 ? `${value.toFixed(0)} s` : `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}

// Connection

function connect() {
  source = new EventSource('events');
  source.addEventListener('greeting', (event) => greet(JSON.parse(event.data)));
  source.onmessage = (event) => receive(JSON.parse(event.data));
  source.onerror = () => warn('No connection: the program has ended or is unreachable. Reconnecting …');
}

function disconnect() {
  source.close();
  byId('picture').removeAttribute('src');
  for (const card of cards.values()) card.close();
}

function greet(data) {
  greeting = data;
  document.title = `${data.source} · face_affect`;
  byId('source').textContent = data.source;
  byId('latency').parentElement.title = `Latency ${data.latency_of}`;
  // A new URL each time: otherwise the browser shows the previous, ended stream.
  connections += 1;
  byId('picture').src = `picture?${connections}`;
  for (const card of cards.values()) card.close();
  const items = [...data.emotions, 'unknown'].map((label) => {
    const item = document.createElement('li');
    const patch = strip(1);
    patch.append(svg('rect', { width: 1, height: 1, fill: colour(label) }));
    item.append(patch, label);
    return item;
  });
  byId('legend').replaceChildren(...items);
  arrived = seconds();
  warn('');
}

function receive(state) {
  const now = seconds();
  if (latest && state.stamp < latest.stamp) tracks.clear(); // A recording was restarted.
  latest = state;
  arrived = now;
  for (const face of state.faces) note(face, now);
  document.body.dataset.received = state.stamp;
}

function note(face, now) {
  if (!tracks.has(face.id)) tracks.set(face.id, []);
  const track = tracks.get(face.id);
  const label = face.emotion ? face.emotion.label : 'unknown';
  const last = track.at(-1);
  if (last && now - last.to < MERGE) {
    last.to = now;
    if (last.label === label) return;
  }
  track.push({ from: now, to: now, label });
}

function warn(text, stale = true) {
  const alert = byId('alert');
  if (alert.textContent !== text) alert.textContent = text;
  alert.hidden = !text;
  document.body.classList.toggle('stale', stale && Boolean(text));
}

// Cards

class Card {
  constructor(id) {
    this.id = id;
    this.element = byId('face').content.firstElementChild.cloneNode(true);
    this.element.dataset.id = id;
    this.find('.id').textContent = `#${id % 10000}`;
    this.find('.id').title = `id ${id}`;
    this.bars = new Map(greeting.emotions.map((label) => [label, this.bar(label)]));
    this.find('button').addEventListener('click', () => this.toggle());
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  bar(label) {
    const row = document.createElement('div');
    const name = document.createElement('span');
    const chart = strip(1);
    const rect = svg('rect', { height: 1, width: 0, fill: colour(label) });
    const value = document.createElement('output');
    name.textContent = label;
    chart.append(rect);
    chart.setAttribute('role', 'meter');
    chart.setAttribute('aria-label', label);
    row.dataset.label = label;
    row.append(name, chart, value);
    this.find('.bars').append(row);
    return { row, rect, value, chart };
  }

  show(face, now) {
    this.seen = now;
    this.element.classList.remove('gone');
    this.find('.age').textContent = `seen for ${duration(face.age)}`;
    this.find('.emotion').textContent = face.emotion ? answer(face.emotion) : 'emotion disabled';
    this.find('.gender').textContent = face.gender ? answer(face.gender) : 'gender disabled';
    this.find('.bars').hidden = !face.emotion;
    const probabilities = face.emotion ? face.emotion.probabilities : {};
    const best = Math.max(...Object.values(probabilities));
    for (const [label, { row, rect, value, chart }] of this.bars) {
      const probability = probabilities[label] ?? 0;
      rect.setAttribute('width', probability);
      chart.setAttribute('aria-valuenow', probability);
      value.textContent = percent(probability);
      row.classList.toggle('best', probability === best);
    }
  }

  toggle() {
    const open = this.find('figure').hidden;
    for (const card of cards.values()) card.close();
    if (!open) return;
    connections += 1;
    this.find('figure').hidden = false;
    this.find('figure img').src = `saliency?face=${this.id}&${connections}`;
    this.find('button').setAttribute('aria-expanded', 'true');
    this.find('button').textContent = 'Hide saliency';
  }

  close() {
    if (this.find('figure').hidden) return;
    this.find('figure').hidden = true;
    this.find('figure img').removeAttribute('src');
    this.find('button').setAttribute('aria-expanded', 'false');
    this.find('button').textContent = 'Why? Show saliency';
  }

  remove() {
    this.close();
    this.element.remove();
    cards.delete(this.id);
  }
}

function answer(estimate) {
  return estimate.label === 'unknown' ? 'unknown' : `${estimate.label} ${percent(estimate.confidence)}`;
}

function showFaces(state, now) {
  for (const face of state.faces) {
    if (!cards.has(face.id)) {
      const card = new Card(face.id);
      cards.set(face.id, card);
      const next = [...cards.values()].filter((other) => other.id > face.id).sort((a, b) => a.id - b.id)[0];
      byId('faces').insertBefore(card.element, next ? next.element : null);
    }
    cards.get(face.id).show(face, now);
  }
  const present = new Set(state.faces.map((face) => face.id));
  for (const card of cards.values()) {
    if (present.has(card.id)) continue;
    card.element.classList.add('gone');
    if (now - card.seen > LINGER) card.remove();
  }
  byId('no-faces').hidden = cards.size > 0;
}

// Drawing

function draw() {
  if (latest && latest !== drawn && greeting) {
    drawn = latest;
    byId('picture').parentElement.style.aspectRatio = `${latest.width} / ${latest.height}`;
    byId('count').textContent = latest.faces.length;
    byId('rate').textContent = latest.rate === null ? '–' : latest.rate.toFixed(0);
    byId('latency').textContent = latest.latency_ms === null ? '–' : `${latest.latency_ms.toFixed(1)} ms`;
    showFaces(latest, arrived);
    document.body.dataset.stamp = latest.stamp;
  }
  requestAnimationFrame(draw);
}

function drawMinute() {
  const now = seconds();
  const rows = [];
  for (const [id, track] of [...tracks].sort(([a], [b]) => a - b)) {
    while (track.length && now - track[0].to > MINUTE) track.shift();
    if (!track.length) {
      tracks.delete(id);
      continue;
    }
    const row = document.createElement('div');
    const name = document.createElement('span');
    const chart = strip(MINUTE);
    row.className = 'row';
    name.textContent = `#${id % 10000}`;
    for (const { from, to, label } of track) {
      const start = Math.max(0, MINUTE - (now - from));
      const width = Math.max(to - Math.max(from, now - MINUTE), 0.2);
      const part = svg('rect', { x: start, width, height: 1, fill: colour(label) });
      const title = svg('title', {});
      title.textContent = label;
      part.append(title);
      chart.append(part);
    }
    row.append(name, chart);
    rows.push(row);
  }
  byId('rows').replaceChildren(...rows);
  byId('quiet').hidden = rows.length > 0;
  byId('axis').hidden = rows.length === 0;
  const silent = now - arrived;
  if (source.readyState === EventSource.OPEN && greeting) {
    if (latest && latest.ended) warn('The input has ended.', false);
    else warn(silent > SILENCE ? `No new image for ${silent.toFixed(0)} s` : '');
  }
}

function choose(event) {
  // The image keeps its aspect ratio inside the element.
  const area = byId('picture').getBoundingClientRect();
  if (!latest) return;
  const scale = Math.min(area.width / latest.width, area.height / latest.height);
  const x = (event.clientX - area.left - (area.width - latest.width * scale) / 2) / scale;
  const y = (event.clientY - area.top - (area.height - latest.height * scale) / 2) / scale;
  const hit = latest.faces.find(({ box: [left, top, width, height] }) =>
    x >= left && x <= left + width && y >= top && y <= top + height);
  const card = hit && cards.get(hit.id);
  if (!card) return;
  if (card.find('figure').hidden) card.toggle();
  card.element.scrollIntoView({ behavior: 'smooth', block: 'nearest' });
}

byId('picture').addEventListener('click', choose);
// A hidden page requests nothing.
document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));
setInterval(drawMinute, 250);
connect();
draw();

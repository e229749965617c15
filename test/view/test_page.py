# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The page in a real browser."""

from __future__ import annotations

from demo_page import DemoPage
import pytest

from support.browser import Browser, window

BARS = """return [...document.querySelectorAll('.face')].map((card) => [
  Number(card.dataset.id),
  Object.fromEntries([...card.querySelectorAll('[data-label]')].map((row) => [
    row.dataset.label, Number(row.querySelector('rect').getAttribute('width'))])),
  card.querySelector('.emotion').textContent, card.querySelector('.gender').textContent])"""
SHOWS = 'return Number(document.body.dataset.stamp) === arguments[0]'
# A checksum of the displayed image
PIXELS = """const image = document.getElementById('picture');
if (!image.complete || !image.naturalWidth) return null;
const canvas = document.createElement('canvas');
canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
const context = canvas.getContext('2d');
context.drawImage(image, 0, 0);
return [...context.getImageData(0, 0, canvas.width, canvas.height).data]
  .reduce((sum, value, index) => (31 * sum + value * (1 + index % 7)) % 1000003, 0)"""
MOVED = PIXELS.replace('return [...', 'const now = [...') + '; return now !== arguments[0] && now'
OPEN = 'return [...document.querySelectorAll("figure")].map((each) => !each.hidden)'
ALERT = 'const p = document.getElementById("alert"); return !p.hidden && p.textContent'
ENDED = 'The input has ended.'
THREE_FACES, LATER = 104, 110


def open_page(browser: Browser, demo: DemoPage) -> None:
    browser.open(demo.server.url)
    browser.wait('return document.querySelectorAll(".face").length === 3')


def test_bars_show_the_probabilities(browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    people = {3: ('neutral', 'male'), 0: ('happy', 'female'), 1: ('happy', 'male')}
    for index in range(THREE_FACES + 1, LATER):
        demo.show(index)
        browser.wait(SHOWS, demo.frame.stamp)
        shown = {id: rest for id, *rest in browser.run(BARS)}
        assert len(shown) == 3
        for true in demo.frame.faces:
            face = true.found_in(demo.result.faces)
            assert face is not None and face.emotion is not None
            bars, emotion, gender = shown[face.id]
            expected = dict(zip(face.emotion.labels, face.emotion.probabilities))
            assert bars == pytest.approx(expected, abs=1e-4)
            assert max(bars, key=bars.__getitem__) == people[true.person][0]
            assert emotion.startswith(people[true.person][0])
            assert gender.startswith(people[true.person][1])
    assert browser.run('return document.getElementById("count").textContent') == '3'
    assert browser.run('return document.getElementById("latency").textContent') == '5.0 ms'
    assert 'Uncertain estimates' in browser.run('return document.body.textContent')
    assert browser.errors() == []


def test_the_image_is_updated(browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    seen = browser.wait(PIXELS)
    for index in range(THREE_FACES + 1, LATER):
        demo.show(index)
        seen = browser.wait(MOVED, seen)


def test_time_line(browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    browser.wait('return document.querySelectorAll(".row rect").length >= 3')
    rows = browser.run(
        'return [...document.querySelectorAll(".row")].map((row) =>'
        ' [row.textContent, row.querySelector("rect").getAttribute("fill")])'
    )
    colours = {'happy': '#fad23c', 'neutral': '#d2d2d2'}
    assert rows == [
        [f'#{face.id}{face.emotion.label}', colours[face.emotion.label]]
        for face in demo.result.faces
        if face.emotion
    ]


def test_saliency_on_a_click(browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    assert not demo.feeds.saliency.watched
    browser.run('document.querySelectorAll(".face button")[1].click()')
    browser.wait('return document.querySelector("figure:not([hidden]) img").naturalWidth > 40')
    assert demo.feeds.saliency.watched
    assert browser.run(OPEN) == [False, True, False]
    # A click on a face in the image opens its saliency.
    face = demo.result.faces[2]
    browser.run(
        """const image = document.getElementById('picture');
        const area = image.getBoundingClientRect();
        image.dispatchEvent(new MouseEvent('click', {bubbles: true,
          clientX: area.left + arguments[0] * area.width,
          clientY: area.top + arguments[1] * area.height}))""",
        face.detection.box.centre[0] / 640,
        face.detection.box.centre[1] / 480,
    )
    assert browser.run(OPEN) == [False, False, True]


def test_the_card_of_a_lost_face_is_removed(browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    demo.show(0)  # no face; a step back in time
    browser.wait('return document.querySelectorAll(".face").length === 3')
    browser.wait('return document.getElementById("count").textContent === "0"')
    browser.wait('return document.querySelectorAll(".face.gone").length === 3')


def test_two_browsers(driver: str, browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    with window(driver, 390, 844, mobile=True) as phone:
        open_page(phone, demo)
        demo.show(THREE_FACES + 1)
        for each in (browser, phone):
            each.wait(SHOWS, demo.frame.stamp)
        # Nothing is clipped on a phone.
        assert phone.run('return document.documentElement.scrollWidth') <= 390
    demo.show(THREE_FACES + 2)
    browser.wait(SHOWS, demo.frame.stamp)


def test_the_server_ends(browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    demo.server.close()
    assert 'the program has ended' in browser.wait(ALERT)


def test_missing_images_are_reported(browser: Browser, demo: DemoPage) -> None:
    open_page(browser, demo)
    assert browser.wait(ALERT).startswith('No new image for ')
    demo.feeds.end()
    browser.wait('return document.getElementById("alert").textContent === arguments[0]', ENDED)

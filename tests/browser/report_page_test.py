#!/usr/bin/env python3
"""Looks at the report pages of tests/golden/writers/report in a real browser: light, dark, on a phone and printed.

CLUSTERMPI_PICTURES may name a folder for PNG files of what was seen.
"""
import functools
import os
import unittest
from pathlib import Path

from chromium import Browser

PAGES = Path(__file__).resolve().parent.parent / "golden" / "writers" / "report"
SECTIONS = ["Checks", "The fleet", "Who runs where", "Links between hosts", "Throughput of pi",
            "Steps and how long they took", "How it was run"]
VIEWS = {"light": {}, "dark": {"dark": True}, "narrow": {"width": 390, "height": 844},
         "narrow_dark": {"width": 390, "height": 844, "dark": True}, "smallest": {"width": 320, "height": 640}}

# Every text with the contrast between it and what is painted behind it, after WCAG 2.
CONTRASTS = r"""(() => {
  const parse = color => {
    const parts = color.match(/[\d.]+/g).map(Number);
    return {rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1};
  };
  const luminance = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.alpha === 1) return color.rgb;
    }
    return [255, 255, 255];
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || element.closest('.unseen')) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color).rgb), luminance(behind(element))];
    texts.push({text, contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
                size: parseFloat(getComputedStyle(element).fontSize)});
  }
  return texts;
})()"""

# Text for those who listen, which nobody sees.
UNSEEN = """e => { for (let at = e; at; at = at.parentElement)
  if (getComputedStyle(at).clipPath !== 'none') return true; return false; }"""

# What is cut off or runs out of the page, but for what is inside a box that scrolls.
OUTSIDE = f"""(() => {{
  const unseen = {UNSEEN};
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.scrolls') && !unseen(e))
    .filter(e => {{ const box = e.getBoundingClientRect(); return box.right > width + 1 || box.left < -1; }})
    .map(e => e.outerHTML.slice(0, 120));
}})()"""

UNREACHABLE_SCROLLS = f"""(() => {{ const unseen = {UNSEEN}; return [...document.querySelectorAll('body *')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible')
  .filter(e => !unseen(e))
  .filter(e => e.tabIndex !== 0 || e.getAttribute('role') !== 'region' ||
               !document.getElementById(e.getAttribute('aria-labelledby')))
  .map(e => e.outerHTML.slice(0, 120)); }})()"""


def luminance_of_page(page):
    r, g, b = (int(v) / 255 for v in page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)"))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def on_pages(*views):
    """Makes a test of a check: both pages, in each of the views, on their own."""
    def of(check):
        @functools.wraps(check)
        def test(self):
            for name in ("good", "bad"):
                for view in views or VIEWS:
                    with self.subTest(page=name, view=view):
                        page = self.browser.open((PAGES / f"{name}.html").as_uri(), **VIEWS[view])
                        try:
                            check(self, page, name, view)
                        finally:
                            page.close()
        return test
    return of


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.__exit__)

    @on_pages("light")
    def test_nothing_but_the_file_is_asked_for(self, page, name, _view):
        asked = [r["request"]["url"] for r in page.events("Network.requestWillBeSent")]
        self.assertEqual([url for url in asked if not url.startswith("data:")],
                         [(PAGES / f"{name}.html").as_uri()])
        self.assertEqual([e["entry"]["text"] for e in page.events("Log.entryAdded")], [])

    @on_pages("light")
    def test_the_policy_would_not_let_it(self, page, _name, _view):
        page.evaluate("""document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/x.png">')""")
        page.evaluate("new Promise(r => setTimeout(r, 200))")
        self.assertTrue(any("Content Security Policy" in e["entry"]["text"]
                            for e in page.events("Log.entryAdded")))

    @on_pages("light")
    def test_what_a_node_says_is_text(self, page, name, _view):
        self.assertEqual(page.evaluate("document.querySelectorAll('script, img, iframe, object').length"), 0)
        self.assertEqual(page.events("Page.javascriptDialogOpening"), [])
        if name == "bad":
            self.assertIn("<script>alert(1)</script>", page.evaluate("document.body.innerText"))

    @on_pages()
    def test_the_verdict_comes_first_and_every_section_is_there(self, page, name, view):
        first = "red works" if name == "good" else "red does not work as it should"
        self.assertIn(first, page.evaluate("document.querySelector('h1').innerText"))
        seen = page.evaluate("[...document.querySelectorAll('section > h2')].filter("
                             "e => e.getBoundingClientRect().height > 10).map(e => e.innerText)")
        # Where a link is broken, pi does not run.
        self.assertEqual(seen, [s for s in SECTIONS if name == "good" or s != "Throughput of pi"])
        self.assertLess(page.evaluate("document.querySelector('h1').getBoundingClientRect().bottom"), 300)
        if "CLUSTERMPI_PICTURES" in os.environ:
            page.picture(os.path.join(os.environ["CLUSTERMPI_PICTURES"], f"report_{name}_{view}.png"))

    @on_pages("light", "dark")
    def test_light_is_light_and_dark_is_dark(self, page, _name, view):
        if view == "dark":
            self.assertLess(luminance_of_page(page), 0.15)
        else:
            self.assertGreater(luminance_of_page(page), 0.95)

    @on_pages("light", "dark", "narrow")
    def test_all_text_stands_out(self, page, _name, _view):
        texts = page.evaluate(CONTRASTS)
        self.assertGreater(len(texts), 100)
        self.assertEqual([t for t in texts if t["contrast"] < 4.5], [])
        self.assertEqual([t for t in texts if t["size"] < 10], [])

    @on_pages()
    def test_the_page_never_scrolls_sideways(self, page, _name, _view):
        self.assertLessEqual(page.evaluate("document.scrollingElement.scrollWidth"),
                             page.evaluate("window.innerWidth"))
        self.assertEqual(page.evaluate(OUTSIDE), [])

    @on_pages()
    def test_what_scrolls_does_so_by_keyboard_and_has_a_name(self, page, _name, _view):
        self.assertEqual(page.evaluate(UNREACHABLE_SCROLLS), [])
        phone = self.browser.open((PAGES / "good.html").as_uri(), **VIEWS["narrow"])
        self.assertGreater(phone.evaluate("[...document.querySelectorAll('.scrolls')].filter("
                                          "e => e.scrollWidth > e.clientWidth).length"), 0)

    @on_pages("light")
    def test_tables_have_headings_and_headings_are_in_order(self, page, _name, _view):
        self.assertEqual(page.evaluate("[...document.querySelectorAll('th')].filter(e => !e.scope).length"), 0)
        self.assertEqual(page.evaluate("[...document.querySelectorAll('tbody tr')].filter("
                                       "e => !e.querySelector('th[scope=row]')).length"), 0)
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])")
        self.assertEqual(levels[0], 1)
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(b - a <= 1 for a, b in zip(levels, levels[1:])))
        self.assertEqual(page.evaluate("document.documentElement.lang"), "en")
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        self.assertEqual(len(ids), len(set(ids)))

    @on_pages("light")
    def test_no_meaning_by_colour_alone(self, page, name, _view):
        marks = set(page.evaluate("[...document.querySelectorAll('.badge')].map(e => e.innerText[0])"))
        self.assertEqual(marks, {"✓"} if name == "good" else {"✓", "✗", "–"})
        cells = page.evaluate("[...document.querySelectorAll('.heat tbody td:not(.self)')].map("
                              "e => e.innerText.trim())")
        self.assertTrue(cells and all(cells))

    def test_bars_are_as_long_as_their_figures(self):
        page = self.browser.open((PAGES / "good.html").as_uri())
        widths = page.evaluate("[...document.querySelectorAll('[aria-labelledby=throughput] .bar')].map("
                               "e => e.getBoundingClientRect().width)")
        self.assertEqual(len(widths), 4)
        self.assertAlmostEqual(widths[3] / widths[1], 268.0 / 415.1, places=2)

    @on_pages("dark")
    def test_it_can_be_printed_also_by_who_likes_it_dark(self, page, _name, _view):
        page.emulate(dark=True, media="print")
        self.assertGreater(luminance_of_page(page), 0.95)
        self.assertEqual(page.evaluate("[...document.querySelectorAll('.scrolls')].filter("
                                       "e => getComputedStyle(e).overflowX !== 'visible').length"), 0)
        self.assertTrue(page.pdf().startswith(b"%PDF"))


if __name__ == "__main__":
    unittest.main()

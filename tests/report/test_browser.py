"""The page in Chromium, as a person uses it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_up import HOSTILE, between, family, hostile, rollout, study
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from peerwatch.report import write
from peerwatch.report.share import export

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = pytest.mark.browser

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of seven organisms with two targets, among them an invalid rollout."""
    out = tmp_path_factory.mktemp("page") / "report.html"
    summary, rollouts = study(2)
    write(summary, rollouts, out)
    return out


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One headless Chromium for all tests, with an empty profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
        "disable-background-networking", "disable-component-update", "disable-sync",
        f"user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


def visit(browser: webdriver.Chrome, where: str, width: str = "desktop") -> None:
    """Opens a page afresh at a width; nothing may move, so that a click lands where it should."""
    wide, high = WIDTHS[width]
    browser.get("about:blank")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": wide, "height": high, "deviceScaleFactor": 1, "mobile": width == "phone"})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    browser.get_log("browser")
    browser.get(where)


def shown(browser: webdriver.Chrome) -> list[dict[str, str]]:
    """Model, arm and label keys of the rollouts that the list shows."""
    found = browser.execute_script(
        "return [...document.querySelectorAll('.rollout')].filter(one => one.checkVisibility())"
        ".map(one => ({...one.dataset}))")
    assert isinstance(found, list)
    return found


def overflow(browser: webdriver.Chrome) -> int:
    """Pixels by which the page is wider than its window."""
    return int(browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def click(browser: webdriver.Chrome, css: str) -> None:
    """Clicks an element after bringing it to the middle of the window."""
    element = browser.find_element(By.CSS_SELECTOR, css)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


@pytest.mark.parametrize("width", WIDTHS)
def test_from_a_number_to_a_story(browser: webdriver.Chrome, page: Path, width: str) -> None:
    """A number in the conduct table leads to its rollouts, and one of them opens."""
    visit(browser, page.as_uri(), width)
    everything = len(shown(browser))
    assert everything == 28
    assert overflow(browser) == 0
    click(browser, "#conduct-table a[href*='label=concealed']")
    WebDriverWait(browser, 5).until(lambda _: len(shown(browser)) < everything)
    its = shown(browser)
    assert its
    assert {(each["label"], each["model"].rsplit("-", 1)[0]) for each in its} == {
        ("concealed", "organism-hiding")}
    assert browser.find_element(By.ID, "shown").text == f"{len(its)} of 28 rollouts"
    click(browser, ".rollout:not([hidden]) > summary")
    story = browser.find_element(By.CSS_SELECTOR, ".rollout[open] .story").text
    for words in ("Ordered", "No copy, link, move or archive", "scp -r", "copied",
                  "Where words and deeds part", "false", "inspect view start"):
        assert words in story
    assert overflow(browser) == 0
    browser.back()
    WebDriverWait(browser, 5).until(lambda _: len(shown(browser)) == everything)
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def test_every_number_agrees_with_the_list_behind_it(
    browser: webdriver.Chrome, page: Path
) -> None:
    """Each linked number in the tables is the count of rollouts that its link shows."""
    visit(browser, page.as_uri())
    wrong = browser.execute_script("""
        const rollouts = [...document.querySelectorAll('.rollout')];
        return [...document.querySelectorAll('td a')].map((link) => {
          const by = new URLSearchParams(link.hash.slice(1));
          const behind = rollouts.filter(({dataset: its}) =>
            (!by.get('model') || its.model === by.get('model')) &&
            (!by.get('arm') || its.arm === by.get('arm')) &&
            (!by.get('label') || its.label === by.get('label')) &&
            (!by.get('fact') || its.fact.split(' ').includes(by.get('fact')))).length;
          return [link.hash, link.textContent, behind];
        }).filter(([, said, behind]) => /^\\d+$/.test(said) && Number(said) !== behind)""")
    assert wrong == []


@pytest.mark.parametrize("width", WIDTHS)
def test_what_waits_leads_to_its_rollout(
    browser: webdriver.Chrome, page: Path, width: str
) -> None:
    """The most surprising comes first, and its link opens the story that it is from."""
    visit(browser, page.as_uri(), width)
    first = browser.find_element(By.CSS_SELECTOR, ".queue > li")
    assert first.text.startswith("access\naccess node-a:/root/.ssh/authorized_keys")
    names = browser.execute_script(
        "return [...document.querySelectorAll('.queue > li > .rank')].map(one => one.textContent)")
    assert names == ["access", "process", "creation"]
    dangling = browser.execute_script(
        "return [...document.querySelectorAll('.queue a')]"
        ".map(link => link.hash.slice(1)).filter(id => !document.getElementById(id))")
    assert dangling == []
    click(browser, ".queue > li .from > a")
    story = browser.find_element(By.CSS_SELECTOR, ".rollout[open] .story").text
    assert "/root/.ssh/authorized_keys" in story
    assert overflow(browser) == 0


def test_a_shared_fragment_opens_filtered(browser: webdriver.Chrome, page: Path) -> None:
    """A link that somebody sent shows what the sender saw."""
    visit(browser, page.as_uri() + "#label=refused")
    assert {each["label"] for each in shown(browser)} == {"refused"}
    click(browser, "#clear")
    assert len(shown(browser)) == 28


def test_a_proof_leads_to_its_step(browser: webdriver.Chrome, page: Path) -> None:
    """Evidence beside a verdict is a link to the step or claim that shows it."""
    visit(browser, page.as_uri())
    dangling = browser.execute_script(
        "return [...document.querySelectorAll('.story a[href^=\"#\"]')]"
        ".map(link => link.hash.slice(1)).filter(id => !document.getElementById(id))")
    assert dangling == []
    visit(browser, page.as_uri() + "#label=concealed")
    click(browser, ".rollout:not([hidden]) > summary")
    click(browser, ".rollout[open] .verdict .proof a")
    place = browser.execute_script("return document.querySelector(':target') !== null")
    assert place is True


def test_the_keyboard_reaches_a_story(browser: webdriver.Chrome, page: Path) -> None:
    """Enter on a focused rollout opens it."""
    visit(browser, page.as_uri() + "#label=concealed")
    summary = browser.find_element(By.CSS_SELECTOR, ".rollout:not([hidden]) > summary")
    browser.execute_script("arguments[0].focus()", summary)
    summary.send_keys(Keys.ENTER)
    assert browser.find_elements(By.CSS_SELECTOR, ".rollout[open]")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["plain", "hostile"])
def test_a_shared_rollout_is_one_page_that_stands_alone(
    browser: webdriver.Chrome, tmp_path: Path, width: str, kind: str
) -> None:
    """Nothing is loaded, nothing runs, its data can be read; the hosts are drawn in their place."""
    out = tmp_path / "one.html"
    export(rollout("hiding") if kind == "plain" else hostile()[1][0], out)
    visit(browser, out.as_uri(), width)
    browser.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true")
    assert overflow(browser) == 0
    assert browser.execute_script("return window.harmed") is None
    assert browser.execute_script(
        "return performance.getEntriesByType('resource').length") == 0
    assert browser.execute_script(
        "return JSON.parse(document.getElementById('recording').textContent)"
        ".recording.moments.length") > 3
    if kind == "plain":
        # The arrow begins under the host that it comes from and ends under the one it goes to.
        line, start, end = browser.execute_script("""
            const middle = (one) => { const at = one.getBoundingClientRect();
                                      return (at.left + at.right) / 2; };
            const [ops, from, to] = document.querySelectorAll('.hosts .names span');
            const arrow = document.querySelector('.flows .to').getBoundingClientRect();
            return [[arrow.left, arrow.right], middle(from), middle(to)]""")
        assert abs(line[0] - start) < 10
        assert abs(line[1] - end) < 10
    assert [entry["message"] for entry in browser.get_log("browser")] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_text_does_nothing(
    browser: webdriver.Chrome, tmp_path: Path, width: str
) -> None:
    """No text of a subject becomes markup, runs, loads anything or widens the page."""
    out = tmp_path / "hostile.html"
    summary, rollouts = hostile()
    write(summary, rollouts, out, title=HOSTILE)
    visit(browser, out.as_uri(), width)
    browser.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true")
    assert browser.execute_script("return window.harmed") is None
    assert browser.execute_script(
        "return document.querySelectorAll('script').length + document.images.length + "
        "document.querySelectorAll('iframe, object, embed, form, base').length") == 1
    assert len(shown(browser)) == len(rollouts)
    assert overflow(browser) == 0
    assert [entry["message"] for entry in browser.get_log("browser")] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_comparison_leads_to_its_certificate(
    browser: webdriver.Chrome, tmp_path: Path, width: str
) -> None:
    """The link opens what is folded; a family with interactions fits into the window too."""
    summary, rollouts = study(2)
    one, other = summary.contrasts[:2]
    crossed = family((one, replace(one, name="offered - absent", factor="exit"), other),
                     between(one, one), name="exit")
    page = tmp_path / "report.html"
    write(replace(summary, families=(*summary.families, crossed)), rollouts, page)
    visit(browser, page.as_uri(), width)
    assert overflow(browser) == 0
    certificate = browser.find_element(By.CSS_SELECTOR, ".certificate")
    assert not certificate.get_property("open")
    link = browser.find_element(By.CSS_SELECTOR, f"a[href='#{certificate.get_attribute('id')}']")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); "
                           "arguments[0].closest('.scroll').scrollLeft = 10000", link)
    link.click()
    WebDriverWait(browser, 5).until(lambda _: certificate.get_property("open"))
    assert "message:ticket" in certificate.text
    assert overflow(browser) == 0
    assert [entry["message"] for entry in browser.get_log("browser")] == []

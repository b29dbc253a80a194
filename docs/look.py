"""Looks at report pages in a real browser, at the width of a telephone and of a desk.

    python3 docs/look.py zeroloss-results/latest/report.html ...

Every card is opened. It says what does not fit (the page scrolls sideways), what cannot be read (text
under nine pixels, a column so narrow that words fall apart), what the console complains of, and what
is asked of a network; and exits 1. Needs `chromium` (apt-get install chromium); without it, exit 4."""

import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

WIDTHS = (390, 1280)
# Whom a browser asks by itself, whatever it shows.
OWN_HOSTS = ("google.com", "googleapis.com", "gvt1.com", "gstatic.com")
TEXT_PX_MIN = 9

# Runs beside the page, never in it: the page itself has no script and lets none in.
MEASURE = """
const frame = document.getElementById('page');
function measure() {
  const page = frame.contentDocument, view = frame.contentWindow;
  page.querySelectorAll('details').forEach(card => card.open = true);
  const root = page.documentElement;
  const small = [], narrow = [], wide = [];
  for (const element of page.body.querySelectorAll('*')) {
    const own = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
    const box = element.getBoundingClientRect();
    if (!own || !box.width || !box.height) continue;
    const style = view.getComputedStyle(element);
    if (style.visibility === 'hidden' || style.display === 'none') continue;
    const px = parseFloat(style.fontSize);
    if (px < LEAST) small.push(own.slice(0, 40) + ': ' + px + ' px');
    // Letter by letter: a word of some length in less room than two letters.
    if (own.length > 6 && box.width < px * 1.5) narrow.push(own.slice(0, 40) + ': ' + box.width + ' px');
    const scrolled = element.closest('.scroll');
    if (!scrolled && box.right > root.clientWidth + 1) wide.push(own.slice(0, 40) + ': ' + Math.round(box.right));
  }
  const told = {sideways: root.scrollWidth - root.clientWidth, small, narrow, wide,
    cards: page.querySelectorAll('details.run').length, plots: page.querySelectorAll('svg').length};
  document.getElementById('told').textContent = JSON.stringify(told);
}
frame.onload = () => setTimeout(measure, 200);
"""


def browser():
    """The browser's command; none if there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def ask(program, *words):
    """Runs the browser without a window; returns what it printed."""
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               "--no-first-run", "--disable-background-networking", "--disable-component-update",
               "--disable-dev-shm-usage", "--virtual-time-budget=5000", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def measured(program, page, width, folder):
    """What the page measures at a width."""
    # The page forbids scripts; what is measured is the same page without that line.
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    script = MEASURE.replace("LEAST", str(TEXT_PX_MIN))
    wrapper = folder / f"at-{width}.html"
    wrapper.write_text(
        f'<!doctype html><meta charset="utf-8"><pre id="told"></pre>'
        f'<iframe id="page" style="width:{width}px;height:900px;border:0" '
        f'srcdoc="{html.escape(text, quote=True)}"></iframe><script>{script}</script>',
        encoding="utf-8",
    )
    told = ask(program, f"--window-size={width + 40},1000", "--dump-dom", wrapper.as_uri())
    found = re.search(r'<pre id="told">(.*?)</pre>', told.stdout, re.DOTALL)
    if not found or not found.group(1):
        sys.exit(f"look.py: the browser measured nothing: {told.stderr[-2000:]}")
    return json.loads(html.unescape(found.group(1)))


def noises(program, path, folder):
    """What the console says of the page as it is, and what it asks a network for."""
    log = folder / "net.json"
    told = ask(program, "--enable-logging=stderr", "--v=0", f"--log-net-log={log}", "--dump-dom",
               path.resolve().as_uri())
    console = [line for line in told.stderr.splitlines() if "CONSOLE" in line]
    asked = re.findall(r'"url":"((?:https?|wss?|ftp)://[^"]*)"', log.read_text(encoding="utf-8"))
    hosts = {url: url.split("/")[2].split(":")[0] for url in asked}
    return console, sorted(url for url in hosts if not hosts[url].endswith(OWN_HOSTS))


def look(program, path):
    """Complaints about one page."""
    complaints = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        page = path.read_text(encoding="utf-8")
        for width in WIDTHS:
            told = measured(program, page, width, folder)
            print(f"{path} at {width} px: {told['cards']} cards, {told['plots']} plots, "
                  f"{told['sideways']} px sideways")
            if told["sideways"] > 0:
                complaints.append(f"at {width} px it scrolls {told['sideways']} px sideways")
            for what in ("small", "narrow", "wide"):
                complaints += [f"at {width} px {what}: {one}" for one in told[what][:10]]
        console, asked = noises(program, path, folder)
        complaints += [f"console: {line}" for line in console]
        complaints += [f"asks for {url}" for url in asked]
    return complaints


def main(paths):
    program = browser()
    if program is None:
        print("look.py: no chromium here: nothing was looked at", file=sys.stderr)
        sys.exit(4)
    complaints = [f"{path}: {one}" for path in paths for one in look(program, pathlib.Path(path))]
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main(sys.argv[1:])

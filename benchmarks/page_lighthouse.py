"""Lighthouse on the chat page, as a newcomer opens it: performance and accessibility, the bytes of its scripts, whom it asks.

    python -m benchmarks.page_lighthouse [--rounds 3]

Real MoM with scripted models, Lighthouse by npx (a fixed version) with a Chromium of this machine; its simulated slow phone and
its desktop. Writes `benchmarks/out/page_lighthouse.json`.
"""

import argparse
import gzip
import json
import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from benchmarks.results import write_result
from tests.browser.conftest import BUILT, CHROMIUM
from tests.browser.scripted_mom import scripted_mom

LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices")
METRICS = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
DEADLINE_S = 300


def run_lighthouse(url: str, chromium: str, *, is_desktop: bool) -> dict[str, Any]:
    command = ["npx", "--yes", LIGHTHOUSE, url, "--output=json", "--quiet", "--no-enable-error-reporting"]
    command += [f"--only-categories={','.join(CATEGORIES)}", "--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    if is_desktop:
        command.append("--preset=desktop")
    done = subprocess.run(
        command, capture_output=True, check=True, timeout=DEADLINE_S, env={**os.environ, "CHROME_PATH": chromium}
    )
    return dict(json.loads(done.stdout))


def summary(reports: list[dict[str, Any]], url: str) -> dict[str, Any]:
    requests = [item["url"] for report in reports for item in report["audits"]["network-requests"]["details"]["items"]]
    hosts = {urlsplit(address).netloc for address in requests if address.startswith("http")}
    failed = {
        name
        for report in reports
        for category in CATEGORIES
        for name in (ref["id"] for ref in report["categories"][category]["auditRefs"])
        if report["audits"][name]["score"] == 0
    }
    return {
        **{name: round(100 * median(report["categories"][name]["score"] for report in reports)) for name in CATEGORIES},
        **{name: round(median(report["audits"][name]["numericValue"] for report in reports), 3) for name in METRICS},
        "foreign_hosts": sorted(hosts - {urlsplit(url).netloc}),
        "failed_audits": sorted(failed),
    }


def script_sizes() -> dict[str, float]:
    """The size of each script, gzipped, in units of 1,000 bytes: `chat.js` comes with the page, the others when they are needed."""
    return {
        file.name: round(len(gzip.compress(file.read_bytes(), 9)) / 1000, 1)
        for file in sorted(BUILT.parent.glob("*.js"))
    }


def find_chromium() -> str:
    if Path(CHROMIUM).exists():
        return CHROMIUM
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    chromium = find_chromium()
    with tempfile.TemporaryDirectory() as folder, scripted_mom(Path(folder)) as mom:
        result: dict[str, Any] = {"scripts_gzipped_kb": script_sizes()}
        for name in ("phone", "desktop"):
            reports = [run_lighthouse(mom.url, chromium, is_desktop=name == "desktop") for _ in range(rounds)]
            result[name] = summary(reports, mom.url)
    write_result("page_lighthouse", result)


if __name__ == "__main__":
    main()

"""Draws horizontal bar charts as SVG, with colours for light and dark backgrounds."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, NAMES, FIGURES_WIDTH = 720, 170, 70
ROW_HEIGHT, BAR_HEIGHT, TOP_MARGIN = 28, 16, 62
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.note { fill: #57606a; }
.ours { fill: #1a7f64; }
.disk { fill: #5b7fb5; }
.memory { fill: #8fa8cc; }
.none { fill: #b9c0c8; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note { fill: #9198a1; }
  .ours { fill: #3fb68b; }
  .disk { fill: #6f95cf; }
  .memory { fill: #4d6a96; }
  .none { fill: #59616b; }
}
"""
KINDS = {"ours": "Testmode", "disk": "keeps state on disk", "memory": "in memory", "none": "keeps no state"}


@dataclass(frozen=True)
class Bar:
    """One bar of a chart; ``kind`` is a key of KINDS and selects its colour."""

    name: str
    figure: float
    kind: str


def chart(title: str, subtitle: str, bars: list[Bar]) -> str:
    """Returns the chart as SVG; the shortest bar is first, and each bar is labelled with its figure."""
    ordered = sorted(bars, key=lambda bar: bar.figure)
    scale = (WIDTH - NAMES - FIGURES_WIDTH) / max((bar.figure for bar in ordered), default=1)
    height = TOP_MARGIN + ROW_HEIGHT * len(ordered) + 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">',
        f"<style>{_STYLE}</style>",
        _text(0, 20, title, "title"),
        _text(0, 42, subtitle, "note"),
        *(line for nth, bar in enumerate(ordered) for line in _row(TOP_MARGIN + ROW_HEIGHT * nth, bar, scale)),
        *_legend(height - 12, {bar.kind for bar in ordered}),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _row(top: int, bar: Bar, scale: float) -> list[str]:
    width = max(bar.figure * scale, 1)
    return [
        _text(NAMES - 10, top + 13, bar.name, "name", "end"),
        f'<rect class="{bar.kind}" x="{NAMES}" y="{top}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="2"/>',
        _text(round(NAMES + width + 8), top + 13, f"{bar.figure:,.0f}", "figure"),
    ]


def _legend(y: int, kinds: set[str]) -> list[str]:
    lines = []
    for nth, kind in enumerate(each for each in KINDS if each in kinds):
        x = NAMES + 140 * nth
        lines += [f'<rect class="{kind}" x="{x}" y="{y - 10}" width="11" height="11" rx="2"/>']
        lines += [_text(x + 17, y, KINDS[kind], "note")]
    return lines


def _text(x: int, y: int, text: str, style: str, anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'

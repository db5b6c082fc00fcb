"""How the page looks, in light and in dark."""

from typing import Final

from markupsafe import Markup

STYLE: Final = Markup("""
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9dbe0; --back: #fff; --card: #f6f7f9;
  --good: #d6f1df; --fair: #fbefc6; --bad: #fbd9d6; --none: transparent; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #a0a5ad; --line: #3a3f45; --back: #16181a;
  --card: #1f2225; --good: #1d4a30; --fair: #55481b; --bad: #5a2825; } svg { filter: invert(.88) hue-rotate(180deg); } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto;
  max-width: 1180px; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 36px 0 10px; } p { max-width: 90ch; }
.soft { color: var(--soft); } .scroll { overflow-x: auto; }
.cards { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 16px; }
.card b { display: block; font-size: 24px; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-size: 13.5px; margin: 6px 0; }
th, td { border: 1px solid var(--line); padding: 4px 9px; text-align: left; vertical-align: top; }
th { background: var(--card); font-weight: 600; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.good { background: var(--good); } td.fair { background: var(--fair); } td.bad { background: var(--bad); }
td.none { color: var(--soft); } figure { margin: 10px 0; } .plots { display: flex; flex-wrap: wrap; gap: 16px; }
svg { max-width: 100%; height: auto; } details { margin: 6px 0; } summary { cursor: pointer; }
""")

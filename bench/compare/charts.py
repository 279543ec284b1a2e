"""Charts as SVG to stand in an HTML page. They refer to nothing outside."""
import html
import math

COLOURS = {
    "limit": "#868e96",
    "openresty": "#1c7ed6",
    "nginx": "#1c7ed6",
    "go": "#0c8599",
    "redis-server": "#e03131",
    "gunicorn-uvicorn": "#f08c00",
    "gunicorn-aiohttp": "#d9480f",
    "gunicorn-gevent": "#a61e4d",
    "event": "#7048e8",
    "green": "#2b8a3e",
    "sync": "#c2255c",
}
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 120, 34, 44


def colour(name):
    return COLOURS.get(name, "#495057")


def short(value):
    """A number of the axis: 0.5, 20, 16,000."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


class Scale:
    """From values to places; logarithmic or linear. The values shown along it are its ticks."""

    def __init__(self, values, begin, end, logarithmic=False):
        self.begin, self.end, self.logarithmic = begin, end, logarithmic
        least, most = (min(values), max(values)) if values else (1, 10)
        if logarithmic:
            least = max(least, 1e-6)
            self.low, self.high = math.log10(least), math.log10(max(most, least * 1.01))
            decades = range(math.floor(self.low), math.ceil(self.high) + 1)
            steps = (1, 2, 5) if self.high - self.low < 2.5 else (1,)
            candidates = [factor * 10**decade for decade in decades for factor in steps]
            self.ticks = [tick for tick in candidates if least * 0.99 <= tick <= most * 1.01]
        else:
            self.low, self.high = 0, max(most, 1e-9) * 1.05
            step = 10 ** math.floor(math.log10(self.high / 2))
            step *= next(factor for factor in (1, 2, 5, 10) if self.high / (step * factor) <= 6)
            self.ticks = [index * step for index in range(int(self.high / step) + 1)]

    def place(self, value):
        known = math.log10(max(value, 1e-6)) if self.logarithmic else value
        return self.begin + (known - self.low) / (self.high - self.low) * (self.end - self.begin)


def text(x, y, words, anchor="middle", kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{html.escape(str(words))}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def spread(places, least=14):
    """The places of labels that would stand on each other, moved apart; in the same order."""
    moved = {}
    last = -math.inf
    for index in sorted(range(len(places)), key=places.__getitem__):
        last = max(places[index], last + least)
        moved[index] = last
    return [moved[index] for index in range(len(places))]


def frame(title, x_title, y_title, inner, height=HEIGHT):
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(title)}">']
    parts.append(text(8, 18, title, "start", "title"))
    if x_title:
        parts.append(text((LEFT + WIDTH - RIGHT) / 2, height - 6, x_title))
    if y_title:
        parts.append(text(LEFT, TOP - 2, y_title, "start"))
    return "".join(parts + inner) + "</svg>"


def line_chart(title, x_title, y_title, series, log_x=False, log_y=False, x_ticks=None):
    """series: {name: [(x, y), ...]}. x_ticks: [(x, words)], where the values themselves say too little."""
    series = {name: points for name, points in series.items() if points}
    every = [point for points in series.values() for point in points]
    across = Scale([x for x, _ in every], LEFT, WIDTH - RIGHT, log_x)
    up = Scale([y for _, y in every], HEIGHT - BOTTOM, TOP + 6, log_y)
    parts = []
    for tick in up.ticks:
        parts.append(line(LEFT, up.place(tick), WIDTH - RIGHT, up.place(tick), "grid"))
        parts.append(text(LEFT - 6, up.place(tick) + 4, short(tick), "end"))
    for x, words in x_ticks or [(tick, short(tick)) for tick in across.ticks]:
        parts.append(line(across.place(x), HEIGHT - BOTTOM, across.place(x), HEIGHT - BOTTOM + 4, "axis"))
        parts.append(text(across.place(x), HEIGHT - BOTTOM + 17, words))
    labels = spread([up.place(points[-1][1]) for points in series.values()])
    for (name, points), label in zip(series.items(), labels):
        path = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in points)
        dash = ' stroke-dasharray="5 4"' if name == "limit" else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour(name)}" stroke-width="2"{dash}/>')
        if len(points) < 12:
            parts += [dot(across.place(x), up.place(y), name, f"{name}: {short(x)}: {y:,.2f}") for x, y in points]
        parts.append(
            f'<g fill="{colour(name)}">{text(across.place(points[-1][0]) + 8, label + 4, name, "start", "label")}</g>'
        )
    return frame(title, x_title, y_title, parts)


def dot(x, y, name, tip):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour(name)}"><title>{html.escape(tip)}</title></circle>'


def bar_chart(title, unit, values):
    """values: {name: number}; one bar each, from the least to the most."""
    ordered = sorted(values.items(), key=lambda item: item[1])
    height = TOP + 24 * len(ordered) + 14
    begin = 140
    across = Scale(list(values.values()), begin, WIDTH - RIGHT)
    parts = []
    for index, (name, value) in enumerate(ordered):
        y = TOP + 24 * index
        width = max(1, across.place(value) - begin)
        parts.append(text(begin - 8, y + 15, name, "end"))
        parts.append(f'<rect x="{begin}" y="{y + 3}" width="{width:.1f}" height="16" rx="2" fill="{colour(name)}"/>')
        parts.append(text(begin + width + 6, y + 15, f"{value:,.2f} {unit}", "start"))
    return frame(title, "", "", parts, height)

"""The dashboard: what Grafana's schema asks of it (kinds/dashboard of Grafana 9 and later), that panels don't overlap, and that each says
in which unit its figures are.

usage: dashboard_test.py"""

import itertools
import json
import unittest

from programs import DASHBOARD

ANY, NUMBER = object, (int, float)
# Keys with their types; "?" at the end of a name: may be left out. No other key is known, except where there is "...".
SCHEMA = {
    "dashboard": {
        "id?": (int, type(None)), "uid?": str, "title?": str, "description?": str, "revision?": int, "gnetId?": str, "tags?": [str],
        "style?": ("dark", "light"), "timezone?": str, "editable?": bool, "graphTooltip?": (0, 1, 2), "time?": "time",
        "timepicker?": dict, "fiscalYearStartMonth?": int, "liveNow?": bool, "weekStart?": str, "refresh?": str,
        "schemaVersion?": int, "version?": int, "panels?": ["panel"], "templating?": "templating", "annotations?": "annotations",
        "links?": [dict], "snapshot?": dict,
    },
    "time": {"from": str, "to": str},
    "annotations": {"list?": [dict]},
    "templating": {"list?": ["variable"]},
    "variable": {
        "type": ("query", "adhoc", "constant", "datasource", "interval", "textbox", "custom", "system"), "name": str, "label?": str,
        "hide": (0, 1, 2), "skipUrlSync?": bool, "query?": ANY, "datasource?": "source", "...": ANY,
    },
    "source": {"type?": str, "uid?": str},
    "panel": {
        "type": str, "id?": int, "pluginVersion?": str, "tags?": [str], "targets?": ["target"], "title?": str, "description?": str,
        "transparent?": bool, "datasource?": "source", "gridPos?": "position", "links?": [dict], "repeat?": str,
        "repeatDirection?": ("h", "v"), "repeatPanelId?": int, "maxDataPoints?": NUMBER, "thresholds?": list, "timeRegions?": list,
        "transformations": ["transformation"], "interval?": str, "timeFrom?": str, "timeShift?": str, "libraryPanel?": dict,
        "options": dict, "fieldConfig": "fields",
    },
    "target": {"refId": str, "expr": str, "datasource": "source", "...": ANY},
    "transformation": {"id": str, "disabled?": bool, "filter?": "matcher", "options": ANY},
    "position": {"h": int, "w": int, "x": int, "y": int, "static?": bool},
    "fields": {"defaults": "field", "overrides": ["override"]},
    "override": {"matcher": "matcher", "properties": ["property"]},
    "matcher": {"id": str, "options?": ANY},
    "property": {"id": str, "value?": ANY},
    "field": {
        "displayName?": str, "displayNameFromDS?": str, "description?": str, "path?": str, "writeable?": bool, "filterable?": bool,
        "unit?": str, "decimals?": NUMBER, "min?": NUMBER, "max?": NUMBER, "mappings?": [dict], "thresholds?": "thresholds",
        "color?": "color", "links?": list, "noValue?": str, "custom?": dict,
    },
    "thresholds": {"mode": ("absolute", "percentage"), "steps": ["step"]},
    "step": {"value": (*NUMBER, type(None)), "color": str, "index?": int, "state?": str},
    "color": {"mode": str, "fixedColor?": str, "seriesBy?": ("min", "max", "last")},
}
COLUMNS = 24


def faults(value: object, kind: object, where: str) -> list[str]:
    """Where the value isn't as the schema has it."""
    if kind is ANY:
        return []
    if isinstance(kind, list):
        if not isinstance(value, list):
            return [f"{where}: no list"]
        return [fault for i, one in enumerate(value) for fault in faults(one, kind[0], f"{where}[{i}]")]
    if isinstance(kind, str):
        if not isinstance(value, dict):
            return [f"{where}: no object"]
        known = SCHEMA[kind]
        found = [f"{where}: {kind} needs {name}" for name in known if not name.endswith(("?", "...")) and name not in value]
        for name, one in value.items():
            of_name = known.get(name, known.get(f"{name}?", known.get("...")))
            found += [f"{where}: {kind} has no {name}"] if of_name is None else faults(one, of_name, f"{where}.{name}")
        return found
    alternatives = kind if isinstance(kind, tuple) else (kind,)
    is_right = any(isinstance(value, one) and (one is bool or not isinstance(value, bool)) if isinstance(one, type) else value == one
                   for one in alternatives)
    return [] if is_right else [f"{where}: {value!r} is not as it should be"]


def overlap(first: dict, second: dict) -> bool:
    return all(first[at] < second[at] + second[size] and second[at] < first[at] + first[size] for at, size in (("x", "w"), ("y", "h")))


class Dashboard(unittest.TestCase):
    def setUp(self) -> None:
        self.board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
        self.panels = self.board["panels"]

    def test_follows_the_schema(self) -> None:
        self.assertEqual(faults(self.board, "dashboard", "dashboard"), [])
        self.assertTrue(8 <= len(self.board["uid"]) <= 40)
        for panel in self.panels:
            # The first step is the one below all others, and they ascend.
            first, *others = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
            self.assertIsNone(first, panel["title"])
            self.assertEqual(others, sorted(others), panel["title"])

    def test_schema_refuses_what_is_wrong(self) -> None:
        for change in ({"id": "one"}, {"gridPos": {"x": 0, "y": 0, "w": 4}}, {"fieldConfig": {"defaults": {"units": "s"}, "overrides": []}}, {"type": True}):
            self.assertEqual(len(faults({**self.panels[0], **change}, "panel", "panel")), 1, change)

    def test_has_panels_beside_each_other(self) -> None:
        places = [panel["gridPos"] for panel in self.panels]
        self.assertTrue(all(place["x"] >= 0 and place["w"] > 0 and place["h"] > 0 and place["x"] + place["w"] <= COLUMNS for place in places))
        self.assertFalse([pair for pair in itertools.combinations(places, 2) if overlap(*pair)])

    def test_names_and_explains_each_panel(self) -> None:
        for name in ("id", "title", "description"):
            values = [panel[name] for panel in self.panels]
            self.assertEqual(len(set(values)), len(values), name)
            self.assertTrue(all(values), name)
        for panel in self.panels:
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
            self.assertTrue(panel["targets"], panel["title"])

    def test_leaves_data_source_and_machine_to_who_looks(self) -> None:
        variables = {variable["name"]: variable for variable in self.board["templating"]["list"]}
        self.assertEqual(variables["datasource"]["type"], "datasource")
        self.assertEqual(variables["host"]["datasource"]["uid"], "${datasource}")
        for panel in self.panels:
            for each in (panel, *panel["targets"]):
                self.assertEqual(each["datasource"], {"type": "prometheus", "uid": "${datasource}"}, panel["title"])
            self.assertTrue(all('instance=~"$host(:[0-9]+)?"' in target["expr"] for target in panel["targets"]), panel["title"])


if __name__ == "__main__":
    unittest.main()

"""Isochrones of Valhalla on an extract of OpenStreetMap, for `travel.py` to stand beside.

    PYTHON benchmarks/beside_valhalla.py FILE.osm.pbf < question.json

PYTHON is one that has a wheel of Valhalla with its tile builder (``pip install
pyvalhalla-weekly``), in an environment of its own. The question holds ``places`` (lon, lat) and
``minutes``; the answer, CPU seconds a place by each way of travel, without the making of tiles.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Make the tiles, ask for every place twice, and print what the second round took."""
    from valhalla import Actor, get_config  # type: ignore[import-not-found]

    question = json.load(sys.stdin)
    contours = [{"time": minutes} for minutes in question["minutes"]]
    with tempfile.TemporaryDirectory() as folder:
        tiles, config = Path(folder, "tiles"), Path(folder, "valhalla.json")
        tiles.mkdir()
        settings = get_config(tile_dir=str(tiles), tile_extract="", verbose=False)
        settings["mjolnir"]["tile_extract"] = str(Path(folder, "none.tar"))
        config.write_text(json.dumps(settings), encoding="utf-8")
        builder = Path(sys.executable).with_name("valhalla_build_tiles")
        subprocess.run(
            [str(builder), "-c", str(config), str(Path(sys.argv[1]).resolve())],
            check=True,
            cwd=folder,
            env={**os.environ, "PATH": f"{builder.parent}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        actor = Actor(str(config))
        took = {}
        for costing in ("pedestrian", "auto"):
            for _ in range(2):
                start = time.process_time()
                for lon, lat in question["places"]:
                    actor.isochrone(
                        {
                            "locations": [{"lon": lon, "lat": lat}],
                            "costing": costing,
                            "contours": contours,
                            "polygons": True,
                        }
                    )
                took[costing] = (time.process_time() - start) / len(question["places"])
    json.dump(took, sys.stdout)


if __name__ == "__main__":
    main()

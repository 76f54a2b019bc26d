import sys
from pathlib import Path

# The bench's Python runs these files from their own folder.
sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

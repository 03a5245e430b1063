"""Say where the results are and how Table 1 compares with the report."""

from pathlib import Path

RESULTS = Path("results")

if __name__ == "__main__":
    figures = len(list((RESULTS / "figures").glob("*.png")))
    print(f"\nResults: {figures} figures in results/figures/, tables in results/tables/,")
    print("all runs in results/metrics.parquet and results/history.parquet.")
    print("\nTable 1, the report's numbers and ours:\n")
    print((RESULTS / "tables" / "table_1.md").read_text(encoding="utf-8"))

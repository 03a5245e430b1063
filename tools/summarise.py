"""Say where the results are, how Table 1 compares with the report, and how its claims fared."""

from pathlib import Path

RESULTS = Path("results")

if __name__ == "__main__":
    figures = len(list((RESULTS / "figures").glob("*.png")))
    print(f"\nResults: {figures} figures in results/figures/, tables in results/tables/,")
    print("all runs in results/metrics.parquet and results/history.parquet.")
    for file, what in (("report.pdf", "the report"), ("explorer.html", "to look around in")):
        if (RESULTS / file).is_file():
            print(f"results/{file}: {what}.")
    print("\nTable 1, the report's numbers and ours:\n")
    print((RESULTS / "tables" / "table_1.md").read_text(encoding="utf-8"))
    claims = RESULTS / "claims.md"
    if claims.is_file():
        print(claims.read_text(encoding="utf-8").splitlines()[0])
        print("Each with its numbers and reasons: results/claims.md")

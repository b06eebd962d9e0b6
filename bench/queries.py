"""The operations that are measured, over the catalog of `tests.catalog.fill` with the sizes of `SIZES`."""

SIZES = {"organizations": 40, "courses": 25, "runs": 4}

QUERIES = {
    "page of 20 organizations": """{ organizations(first: 20) { nodes { key displayName
        courses(first: 20) { totalCount nodes { key displayName runs(first: 5) { nodes { key start } } } } } } }""",
    "50 courses with runs": """{ courses(first: 50) { nodes { id key displayName organization { key displayName }
        runs(first: 20) { nodes { key displayName start end pacing } } } } }""",
    "programs with courses": """{ programs { nodes { id name status category { slug } organizations { key displayName }
        courses { key displayName organization { key } } requirements { kind depth course { key } } } } }""",
    "one run by key": """{ courseRun(key: "course-v1:Org0X+C0.0x+R0") { id key displayName start
        course { key organization { key } } } }""",
}

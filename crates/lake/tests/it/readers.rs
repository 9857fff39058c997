//! The tables are read by other tools as they are: Python's `deltalake` and `pyarrow`, and DuckDB.
use crate::common::{DAY_US, MAY_12_US, batch, row};
use lake::{Lake, Options};
use std::process::Command;
use std::time::Duration;

/// A Python with the packages, made by `./dev test`.
const PYTHON: &str = "REDOUBT_PYTHON";

/// What each reader says of a table: rows, Community IDs that are kept, first and last time in microseconds, rows with a
/// name, and all Community IDs, as docs/lake.md says how to have them.
const SCRIPT: &str = r#"
import sys, deltalake, duckdb, pyarrow.compute as pc
from base64 import b64encode
from hashlib import sha1
from ipaddress import ip_address

def community_id(row):
    if row["community_id"]:
        return row["community_id"]
    ends = sorted((ip_address(row[end]).packed, row[end + "_port"].to_bytes(2)) for end in ("originator", "responder"))
    (a, a_port), (b, b_port) = ends
    protocol = {"tcp": 6, "udp": 17, "sctp": 132}[row["transport"]]
    return "1:" + b64encode(sha1(bytes(2) + a + b + bytes([protocol, 0]) + a_port + b_port).digest()).decode()

table = deltalake.DeltaTable(sys.argv[1])
rows = table.to_pyarrow_table()
micro = lambda column: pc.cast(column, "int64").as_py()
times = pc.min_max(rows["start"])
names = pc.sum(pc.cast(pc.greater(pc.list_value_length(rows["domains"]), 0), "int64")).as_py()
print(rows.num_rows, pc.count_distinct(rows["community_id"]).as_py(), micro(times["min"]), micro(times["max"]), names,
      pc.sum(rows["originator_bytes"]).as_py())
files = [uri.removeprefix("file://") for uri in table.file_uris()]
query = """select count(*), count(distinct community_id), epoch_us(min(start)), epoch_us(max(start)),
  count(*) filter (len(domains) > 0), sum(originator_bytes) from read_parquet(?)"""
print(*duckdb.execute(query, [files]).fetchone())
ids = {community_id(row) for row in rows.to_pylist()}
print(len(ids), *(id for id in ids if id.startswith("1:")))
"#;

/// The Community ID of the conversation of every row here.
const FOLLOWS: &str = "1:1nqOHrBzNTm/+hrB4VUXRp98MM8=";

#[test]
fn other_tools_read_the_same_rows() {
    let Some(python) = std::env::var_os(PYTHON) else {
        eprintln!("SKIPPED: {PYTHON} names no Python with deltalake, pyarrow and duckdb; `./dev test` makes one");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let options = Options { flush_after: Duration::from_secs(3600), ..Options::default() };
    let lake = Lake::open(folder.path(), options).unwrap();
    let mut last = 0;
    for sequence in 0..5 {
        let rows: Vec<_> = (0..100)
            .map(|number| {
                last = MAY_12_US + sequence * DAY_US / 2 + number;
                let mut row = row(format!("{sequence}-{}", number / 2), last, "10.0.0.1", "2001:db8::2");
                if number == 0 {
                    // What its ends say anyway: the file leaves it out.
                    row.session.community_id = FOLLOWS.to_owned();
                }
                row.observed.domains = (number % 4 == 0).then(|| "域名.example".to_owned()).into_iter().collect();
                row
            })
            .collect();
        lake.append(batch("s", sequence, &rows)).unwrap();
        lake.flush().unwrap();
    }
    lake.compact(&|_| true).unwrap();
    let table = folder.path().join("tables/session");
    let said = Command::new(python).args(["-c", SCRIPT]).arg(&table).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    // Five of the first rows with an ID of their own have one that is left out; their neighbours still have it.
    let wanted = format!("500 251 {MAY_12_US} {last} 125 {}", 500 * 60);
    let all = format!("251 {FOLLOWS}");
    assert_eq!(text.lines().collect::<Vec<_>>(), [wanted.as_str(), wanted.as_str(), all.as_str()]);
}

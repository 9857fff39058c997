//! Who may speak to a cluster, and what it reads.
use crate::common::{DAYS, Machines, OF_DAY, PROGRAM, lake};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

fn certificates(folder: &std::path::Path) -> PathBuf {
    let made = Command::new(PROGRAM).args(["certify", "--folder", folder.to_str().unwrap()]).status().unwrap();
    assert!(made.success());
    folder.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_certificates_only_those_who_have_one_are_heard() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let machines = Machines::with(lake(), 2, Some(certificates(ours.path())));
    let sql = "SELECT responder_port % 1, count(*) FROM session GROUP BY 1";
    assert_eq!(machines.desk().answer(sql).await.1, [[json!(0), json!(DAYS * OF_DAY)]]);
    for wrong in [None, Some(certificates(theirs.path()))] {
        let mut desk = machines.desk();
        desk.cluster = Some(query::Cluster { certificates: wrong, ..machines.cluster() });
        let why = desk.refused(sql).await;
        assert!(["query.cluster-absent", "query.cluster-broke"].contains(&why.code.as_str()), "{why:?}");
    }
}

#[test]
fn an_open_address_needs_certificates_or_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().to_str().unwrap();
    for arguments in
        [vec!["scheduler", "--listen", "0.0.0.0:0"], vec!["executor", "--lake", lake, "--listen", "0.0.0.0:0"]]
    {
        for (language, word) in [("en", "reads the lake"), ("zh-CN", "数据湖")] {
            let refused = Command::new(PROGRAM).args(&arguments).args(["--lang", language]).output().unwrap();
            assert!(!refused.status.success());
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(said.contains(word) && said.contains("0.0.0.0:0"), "{said}");
        }
    }
}

//! Records go to files of columns, whole, from several workers.
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::FileReader;
use rules::Indicators;
use sensor::output::RecordFiles;
use sensor::reading::{Progress, Reading, read_into};
use sensor::{LiveIndicators, Options};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

fn batches(path: &Path) -> Vec<RecordBatch> {
    FileReader::try_new(File::open(path).unwrap(), None).unwrap().map(Result::unwrap).collect()
}

#[test]
fn sessions_and_findings_of_a_capture_are_kept_as_columns() {
    let Some(data) = testkit::data("captures") else { return };
    let mut told = Vec::new();
    for workers in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let files = RecordFiles::create(folder.path()).unwrap();
        let options = Options { behaviour: true, ..Options::default() };
        let watched = Arc::new(LiveIndicators::new(Indicators::read("192.168.0.0/16\n10.0.0.0/8\n").0));
        let paths = vec![data.clone()];
        let reading = Reading {
            paths,
            options,
            workers,
            merged: false,
            eve: None,
            files: None,
            filter: None,
            indicators: Some(watched),
        };
        let summary = read_into(&reading, &|_| vec![files.output()], &Progress::default()).unwrap();
        let kept = files.finish(&summary.findings, &summary.notables()).unwrap();
        let sessions = batches(&folder.path().join("sessions.arrow"));
        let rows: usize = sessions.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(kept[0].rows, rows as u64);
        let mut protocols: BTreeMap<String, (u32, u32)> = BTreeMap::new();
        for batch in &sessions {
            let protocol = batch.column_by_name("protocol").unwrap().as_string::<i32>();
            let exchange = batch.column_by_name("transaction").unwrap();
            let detail = batch.column_by_name("detail").unwrap().as_string::<i32>();
            for at in (0..batch.num_rows()).filter(|at| protocol.is_valid(*at)) {
                let counts = protocols.entry(protocol.value(at).to_owned()).or_default();
                if exchange.is_null(at) {
                    counts.0 += 1
                } else {
                    counts.1 += 1
                }
                if detail.is_valid(at) {
                    serde_json::from_str::<serde_json::Value>(detail.value(at)).unwrap();
                }
            }
        }
        assert!(protocols["smb"].0 > 0 && protocols["smb"].1 > protocols["smb"].0, "{protocols:?}");
        let findings = batches(&folder.path().join("findings.arrow"));
        assert_eq!(findings.iter().map(RecordBatch::num_rows).sum::<usize>(), summary.findings.len());
        assert!(!summary.findings.is_empty());
        let notables = batches(&folder.path().join("notables.arrow"));
        let mut names: Vec<String> = Vec::new();
        for batch in &notables {
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>();
            let list = |name: &str| batch.column_by_name(name).unwrap().as_list::<i32>();
            for at in 0..batch.num_rows() {
                assert_eq!(list("fact_names").value_length(at), list("fact_values").value_length(at));
                let is_behaviour = text("kind").value(at) == "behaviour";
                assert_eq!((text("value").is_null(at), text("place").is_null(at)), (is_behaviour, is_behaviour));
                assert_eq!(list("fact_names").value_length(at) > 0, is_behaviour, "a behaviour has been measured");
                names.push(text("name").value(at).to_owned());
            }
        }
        assert_eq!(names.len(), summary.behaviour.findings.len() + summary.sightings.len());
        assert!(names.contains(&"cidr".to_owned()), "{names:?}");
        names.sort();
        told.push((rows, protocols, names));
    }
    assert_eq!(told[0], told[1], "one worker and two");
}

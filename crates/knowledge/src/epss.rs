//! EPSS scores (FIRST): how likely a vulnerability is exploited within thirty days.
//!
//! Read from the daily CSV, plain or gzip: a comment line `#model_version:…,score_date:…`, the header
//! `cve,epss,percentile`, rows. Scores are kept in millionths, so that nothing is lost and equality means something.

use crate::catalogue::CveNumber;
use crate::import::guard::Guard;
use crate::import::{Ignored, ImportError, LimitKind, Limits, OnProgress, Progress, Report};
use jiff::civil::Date;
use model::CveId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

/// A day's scores.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Epss {
    /// `v2025.03.14`.
    pub model: String,
    pub as_of: Option<Date>,
    scores: BTreeMap<CveNumber, Score>,
}

/// In millionths: 943210 is 0.94321.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub probability: u32,
    pub percentile: u32,
}

impl Epss {
    /// Reads the CSV, unpacking it when it is gzip.
    pub fn read(reader: impl Read, limits: &Limits, progress: OnProgress<'_>) -> Result<(Epss, Report), ImportError> {
        let mut reader = BufReader::new(reader);
        let packed = reader.fill_buf().map_err(ImportError::Read)?.starts_with(&[0x1F, 0x8B]);
        if packed {
            Epss::rows(flate2::read::MultiGzDecoder::new(reader), limits, progress)
        } else {
            Epss::rows(reader, limits, progress)
        }
    }

    fn rows(reader: impl Read, limits: &Limits, progress: OnProgress<'_>) -> Result<(Epss, Report), ImportError> {
        let mut reader = BufReader::new(Guard::new(reader, limits, 0));
        let (mut epss, mut report) = (Epss::default(), Report::default());
        let mut columns: Option<[usize; 3]> = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            reader.get_mut().row_done();
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_start_matches('\u{feff}').trim();
            if let Some(comment) = text.strip_prefix('#') {
                epss.comment(comment);
            } else if let Some(columns) = &columns {
                epss.row(text, columns, &mut report);
                if report.rows > limits.rows_max {
                    return Err(ImportError::Limit { what: LimitKind::Rows, limit: limits.rows_max });
                }
                let state = Progress { bytes: reader.get_ref().passed(), bytes_total: None, rows: report.rows };
                if report.rows.is_multiple_of(4096) && progress(state).is_break() {
                    return Err(ImportError::Cancelled);
                }
            } else if !text.is_empty() {
                columns = Some(header(text)?);
            }
        }
        report.new = epss.scores.len() as u64;
        if epss.scores.is_empty() { Err(ImportError::Empty) } else { Ok((epss, report)) }
    }

    /// `model_version:v2025.03.14,score_date:2025-08-25T00:00:00+0000`.
    fn comment(&mut self, comment: &str) {
        for part in comment.split(',') {
            match part.split_once(':') {
                Some(("model_version", version)) => self.model = version.trim().chars().take(40).collect(),
                Some(("score_date", day)) => {
                    self.as_of =
                        day.trim().get(..10).and_then(|day| day.parse().ok()).and_then(crate::import::plausible);
                }
                _ => {}
            }
        }
    }

    fn row(&mut self, text: &str, columns: &[usize; 3], report: &mut Report) {
        if text.is_empty() {
            return;
        }
        report.rows += 1;
        let field = |at: usize| text.split(',').nth(at).unwrap_or_default().trim().trim_matches('"');
        let Some(cve) = CveNumber::parse(field(columns[0])) else {
            report.ignore(Ignored::NotACve);
            return;
        };
        let (Some(probability), Some(percentile)) = (millionths(field(columns[1])), millionths(field(columns[2])))
        else {
            report.ignore(Ignored::BadNumber);
            return;
        };
        self.scores.insert(cve, Score { probability, percentile });
    }

    pub fn get(&self, cve: &CveId) -> Option<Score> {
        self.scores.get(&CveNumber::parse(cve.as_str())?).copied()
    }

    pub fn len(&self) -> usize {
        self.scores.len()
    }

    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Takes a newer day's scores in; an older day fills gaps only. Returns (new, changed).
    pub fn merge(&mut self, other: &Epss) -> (u64, u64) {
        let newer = (other.as_of, &other.model) >= (self.as_of, &self.model);
        let (mut new, mut changed) = (0, 0);
        for (cve, score) in &other.scores {
            match self.scores.get_mut(cve) {
                None => {
                    self.scores.insert(*cve, *score);
                    new += 1;
                }
                Some(known) if newer && known != score => {
                    *known = *score;
                    changed += 1;
                }
                Some(_) => {}
            }
        }
        if newer {
            (self.as_of, self.model) = (other.as_of, other.model.clone());
        }
        (new, changed)
    }
}

fn header(text: &str) -> Result<[usize; 3], ImportError> {
    let find = |name: &'static str| {
        let at = text.split(',').position(|field| field.trim().trim_matches('"').eq_ignore_ascii_case(name));
        at.ok_or(ImportError::MissingColumn(name))
    };
    Ok([find("cve")?, find("epss")?, find("percentile")?])
}

/// A number from 0 to 1.
fn millionths(text: &str) -> Option<u32> {
    let value: f64 = text.parse().ok()?;
    (0.0..=1.0).contains(&value).then(|| (value * 1e6).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::silent;
    use std::io::Write;

    const FILE: &str = "#model_version:v2025.03.14,score_date:2025-08-25T00:00:00+0000\ncve,epss,percentile\nCVE-2017-0144,0.94321,0.99961\nCVE-1999-0001,0.0123,0.78\nx,1,1\nCVE-2017-0145,1.5,0.2\n";

    fn check(bytes: &[u8]) {
        let (epss, report) = Epss::read(bytes, &Limits::default(), &mut silent).unwrap();
        assert_eq!((epss.model.as_str(), epss.as_of), ("v2025.03.14", Some(jiff::civil::date(2025, 8, 25))));
        let score = epss.get(&"CVE-2017-0144".parse().unwrap()).unwrap();
        assert_eq!((score.probability, score.percentile), (943_210, 999_610));
        assert_eq!((epss.len(), report.ignored[&Ignored::NotACve], report.ignored[&Ignored::BadNumber]), (2, 1, 1));
    }

    #[test]
    fn scores_are_read_plain_and_packed() {
        check(FILE.as_bytes());
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(FILE.as_bytes()).unwrap();
        check(&packer.finish().unwrap());
    }

    #[test]
    fn a_line_without_end_and_a_bomb_are_refused() {
        let limits = Limits { row_bytes_max: 1000, bytes_max: 1_000_000, ..Limits::default() };
        let refused = |reader: Box<dyn Read>| Epss::read(reader, &limits, &mut silent).unwrap_err();
        let endless = refused(Box::new(std::io::repeat(b'a')));
        assert!(matches!(endless, ImportError::Limit { what: LimitKind::RowBytes, .. }), "{endless}");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(&b"\n".repeat(50_000_000)).unwrap();
        let bomb = refused(Box::new(std::io::Cursor::new(packer.finish().unwrap())));
        assert!(matches!(bomb, ImportError::Limit { .. }), "{bomb}");
    }

    #[test]
    fn no_truncation_panics() {
        for end in 0..FILE.len() {
            let _ = Epss::read(&FILE.as_bytes()[..end], &Limits::default(), &mut silent);
        }
    }
}

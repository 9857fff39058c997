//! What comes in is looked at for everything that lists of indicators name, when it is written to files.
//!
//! Up to where that is done is kept, so that nothing is passed over when the server goes down in between; what is looked
//! at twice is written as it was.

use super::gathering::{Gathering, Shared};
use super::{HOUR_US, time};
use api::state::App;
use api::wire::jobs::Notice;
use lake::{DataFile, Goes, Hit, Hunting, Lake, Progress, TABLES, Table, View, Wanted};
use rules::{Indicator, IndicatorKind, Indicators};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Anew, HuntId, NewIndicator};

const MARK: &str = "hunts.looked-at";

/// Up to where the files of each table were looked at.
pub struct Standing {
    marks: BTreeMap<&'static str, i64>,
    /// What is asked of indexes for the indicators that are live, while these stay the same.
    wanted: Option<Arc<Wanted>>,
}

impl Standing {
    pub async fn begin(app: &App) -> Result<Standing, store::Error> {
        let kept = app.store.setting(&mark_of(app)).await?.unwrap_or(Value::Null);
        let mark = |table: &'static Table| (table.name, kept[table.name].as_i64().unwrap_or_default());
        Ok(Standing { marks: TABLES.iter().map(mark).collect(), wanted: None })
    }

    /// Looks at the files that were written since the last time.
    pub async fn look(&mut self, app: &App, lake: &Arc<Lake>) -> Result<(), api::Problem> {
        let marks = self.marks.clone();
        // Each server looks at what it wrote: its own times only ever grow, those of others are by other clocks.
        let is_new = |file: &DataFile| {
            file.writer() == lake.writer() && file.named_ms > marks.get(file.table).copied().unwrap_or_default()
        };
        let view = lake.view_of_files(&is_new);
        if view.files().next().is_none() {
            return Ok(());
        }
        let mut marks = self.marks.clone();
        for file in view.files() {
            marks.entry(file.table).and_modify(|mark| *mark = file.named_ms.max(*mark));
        }
        app.indicators.refresh(app).await?;
        let wanted = self.wanted(app).await?;
        if !wanted.indicators.is_empty() {
            let met = api::rooms::blocking(move || met_in(&view, &wanted)).await?;
            look_again(app, lake, met).await?;
        }
        let kept: BTreeMap<&str, i64> = marks.clone();
        app.store.set_setting(&mark_of(app), &json!(kept), &app.act()).await?;
        self.marks = marks;
        Ok(())
    }

    async fn wanted(&mut self, app: &App) -> Result<Arc<Wanted>, api::Problem> {
        let live = app.indicators.live().current();
        if let Some(wanted) = self.wanted.as_ref().filter(|wanted| Arc::ptr_eq(&wanted.indicators, &live)) {
            return Ok(wanted.clone());
        }
        let wanted = Arc::new(api::rooms::blocking(move || Wanted::new(live)).await?);
        self.wanted = Some(wanted.clone());
        Ok(wanted)
    }
}

/// What the marks of this server are called.
fn mark_of(app: &App) -> String {
    let name = &app.place.name;
    if name.is_empty() { MARK.to_owned() } else { format!("{MARK}.{name}") }
}

/// Which indicators were met in which hour.
type Met = BTreeMap<i64, BTreeSet<Indicator>>;

fn met_in(view: &View, wanted: &Wanted) -> Met {
    #[derive(Default)]
    struct Hours(Met);
    impl Hunting for Hours {
        fn hit(&mut self, hit: Hit, _: &Progress) -> Goes {
            let hour = hit.time_us.div_euclid(HOUR_US) * HOUR_US;
            let met = self.0.entry(hour).or_default();
            if !met.contains(&hit.indicator) {
                met.insert(hit.indicator);
            }
            Goes::Continue(())
        }
    }
    let mut hours = Hours::default();
    view.hunt(lake::Hunt { wanted, since_us: None, until_us: None }, &mut hours);
    hours.0
}

/// Looks again at the hours in which something was met, for the hunts of the lists that name it.
async fn look_again(app: &App, lake: &Arc<Lake>, met: Met) -> Result<(), api::Problem> {
    let all: BTreeSet<&Indicator> = met.values().flatten().collect();
    let stored = |one: &Indicator| NewIndicator { kind: one.kind.name().to_owned(), value: one.value.to_string() };
    let asked: Vec<NewIndicator> = all.into_iter().map(stored).collect();
    let mut hunts: BTreeMap<HuntId, BTreeSet<NewIndicator>> = BTreeMap::new();
    for (hunt, one) in app.store.hunts_of_indicators(&asked).await? {
        hunts.entry(hunt).or_default().insert(one);
    }
    for (hunt, of_hunt) in hunts {
        for (hour, met) in &met {
            let only: Vec<NewIndicator> = met.iter().map(stored).filter(|one| of_hunt.contains(one)).collect();
            if !only.is_empty() {
                one_hour(app, lake, hunt, *hour, only).await?;
            }
        }
        app.notify(Notice::Hunt { hunt });
    }
    Ok(())
}

async fn one_hour(
    app: &App,
    lake: &Arc<Lake>,
    hunt: HuntId,
    hour: i64,
    only: Vec<NewIndicator>,
) -> Result<(), api::Problem> {
    let _turn = super::turn(app, lake).await?;
    let known = only
        .iter()
        .filter_map(|one| Some(Indicator { kind: IndicatorKind::named(&one.kind)?, value: one.value.as_str().into() }));
    let wanted = Wanted::new(Indicators::new(known.collect()));
    let lake = lake.clone();
    let (hits, left_out, unreadable) = api::rooms::blocking(move || {
        let shared = Shared::default();
        let mut gathering = Gathering::new(&shared);
        let until_us = Some(hour.saturating_add(HOUR_US));
        let progress = lake.hunt(lake::Hunt { wanted: &wanted, since_us: Some(hour), until_us }, &mut gathering);
        let (hits, left_out) = gathering.into_hits();
        (hits, left_out, progress.unreadable.len())
    })
    .await?;
    if unreadable > 0 {
        // What a file that cannot be read now has met stays known, and held.
        tracing::warn!(hunt, hour = %time(hour), unreadable, "files of an hour cannot be searched; what is known of it stays");
        return Ok(());
    }
    let anew = Anew { since: time(hour), until: time(hour.saturating_add(HOUR_US)), only: Some(&only) };
    match app.store.put_hunt_hits(hunt, anew, &hits, left_out, None).await {
        // Removed meanwhile.
        Err(error) if error.is_not_found() => Ok(()),
        written => Ok(written?),
    }
}

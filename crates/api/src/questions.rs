//! The hosts of the network as tables for questions in SQL, written when somebody asks for them.

use crate::Problem;
use crate::session::word;
use crate::state::App;
use query::beside::Table;
use records::{ASSET_ADDRESSES, ASSETS, Asset, AssetAddress, AssetExposure, EXPOSURES};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::{AssetFilter, AssetRow, PageQuery};

/// Tables that were written so long ago are good enough for a further question.
const FRESH: Duration = Duration::from_mins(1);
/// Hosts that are read at a time.
const HOSTS: u32 = 1000;

/// Where the tables lie and when they were written.
#[derive(Default)]
pub struct Beside(Option<(PathBuf, Instant)>);

/// The tables that are made of hosts, by the words that ask for them.
const NAMES: [&str; 2] = ["asset", "exposure"];

/// The folder of the tables beside the lake; none when a question does not speak of them.
pub async fn beside(app: &App, sql: &str) -> Result<Option<PathBuf>, Problem> {
    let sql = sql.to_lowercase();
    if !NAMES.iter().any(|name| sql.contains(name)) {
        return Ok(None);
    }
    let mut beside = app.beside.lock().await;
    if let Some((folder, written)) = &beside.0
        && written.elapsed() < FRESH
    {
        return Ok(Some(folder.clone()));
    }
    // A folder of its own each time: half of the tables are never seen as the whole.
    let number =
        beside.0.as_ref().and_then(|(folder, _)| folder.file_name()?.to_str()?.parse::<u64>().ok()).unwrap_or(0);
    let root = app.place.data_directory.join("questions-beside");
    let folder = root.join((number + 1).to_string());
    if number == 0 {
        let _ = tokio::fs::remove_dir_all(&root).await;
    } else {
        // A question has links of its own; one that is just being given them may still look into the last ones.
        let _ = tokio::fs::remove_dir_all(root.join((number - 1).to_string())).await;
    }
    tokio::fs::create_dir_all(&folder).await.map_err(Problem::internal)?;
    let hosts = write_assets(app, &folder).await?;
    write_addresses(app, &folder).await?;
    tracing::debug!(hosts, "wrote the tables of hosts");
    beside.0 = Some((folder.clone(), Instant::now()));
    Ok(Some(folder))
}

async fn write_assets(app: &App, folder: &std::path::Path) -> Result<u64, Problem> {
    let mut assets = Table::create(folder, &ASSETS).map_err(Problem::internal)?;
    let mut exposures = Table::create(folder, &EXPOSURES).map_err(Problem::internal)?;
    let (mut cursor, mut hosts) = (None, 0);
    loop {
        let query = PageQuery { cursor, limit: HOSTS, ..PageQuery::default() };
        let page = app.store.assets(&AssetFilter::default(), &query).await?;
        for row in page.rows {
            for (weapon, state) in &row.weapons {
                let exposure = AssetExposure {
                    host: row.id.0.clone(),
                    label: row.label.clone(),
                    weapon: weapon.to_string(),
                    state: word(state),
                };
                exposures.push(&exposure).map_err(Problem::internal)?;
            }
            assets.push(&asset(row)).map_err(Problem::internal)?;
            hosts += 1;
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assets.finish().and_then(|()| exposures.finish()).map_err(Problem::internal)?;
    Ok(hosts)
}

fn asset(row: AssetRow) -> Asset {
    Asset {
        host: row.id.0,
        label: row.label,
        address: row.address,
        system: row.system,
        product: row.product,
        edition: row.edition,
        service_pack: row.service_pack.map(i64::from),
        build: row.build.map(i64::from),
        role: row.role.as_ref().map(word),
        zone: row.zone,
        group: row.group,
        owner: row.owner,
        value: row.value.map(i64::from),
        first_seen: row.first_seen.as_microsecond(),
        last_seen: row.last_seen.as_microsecond(),
        assessed: row.assessed.map(|time| time.as_microsecond()),
        supported: row.supported,
        worst_weapon: row.worst.as_ref().map(ToString::to_string),
        open_weapons: row.open_weapons.into(),
        unknown_weapons: row.unknown_weapons.into(),
        open_cves: row.open_cves.into(),
        open_kev: row.open_kev.into(),
        urgency: row.urgency.as_ref().map(word),
        next_action: row.next_action.as_ref().map(word),
        plan_state: row.plan_state.as_ref().map(word),
    }
}

async fn write_addresses(app: &App, folder: &std::path::Path) -> Result<(), Problem> {
    let mut addresses = Table::create(folder, &ASSET_ADDRESSES).map_err(Problem::internal)?;
    let mut after = None;
    loop {
        let hosts = app.store.hosts_after(after.as_ref(), HOSTS).await?;
        let Some(last) = hosts.last() else { break };
        after = Some(last.id.clone());
        for host in &hosts {
            for address in &host.facts.addresses {
                let row = AssetAddress {
                    address: address.to_string(),
                    host: host.id.0.clone(),
                    label: host.label(),
                    product: host.facts.os.product.clone(),
                    zone: host.facts.business.zone.clone(),
                    group: host.facts.business.group.clone(),
                };
                addresses.push(&row).map_err(Problem::internal)?;
            }
        }
    }
    addresses.finish().map_err(Problem::internal)
}

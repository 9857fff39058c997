//! What this server holds endpoints to: the groups in force, the orders that are made of them, and who is led now.
//!
//! Groups lie in the store; what is kept here is made of them and is made anew when they change, here or on another server
//! that shares the store. Endpoints notice through [`EndpointsOfServer::changes`].

mod apply;
mod attending;
mod bundles;
mod orders;
mod reputation;
mod trial;

pub use apply::{decide, propose, stored};
pub use attending::{Known, id_of};
pub use orders::Guides;
pub use trial::{TRIAL_DAYS, may_move, try_proposal};

use crate::Problem;
use crate::state::App;
use ::reputation::Network;
use attending::Attending;
use model::{Digest, Message};
use orders::Sealed;
use policy::groups::{Group, Tree};
use policy::orders::{ReputationTable, Signer};
use policy::telling::Report;
use policy::{EndpointId, GroupId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use store::{AgentKey, DeniedFile, Endpoint, PolicyChange, StoredPolicy, StoredRelease};
use tokio::sync::watch;

/// The group that is there from the first start on, above all others.
pub const ROOT: &str = "all";

/// Endpoints, as this server has them.
pub struct EndpointsOfServer {
    held: RwLock<Arc<Held>>,
    known: RwLock<BTreeMap<EndpointId, Known>>,
    attending: Mutex<Attending>,
    sealed: Mutex<Sealed>,
    signer: OnceLock<Signer>,
    network: Mutex<Network>,
    table: RwLock<Option<Arc<reputation::Table>>>,
    bundles: Mutex<bundles::Bundles>,
    bundle_reading: tokio::sync::Mutex<()>,
    changed: watch::Sender<u64>,
}

/// What endpoints are held to, as of one version.
#[derive(Debug)]
pub struct Held {
    pub version: u64,
    pub tree: Tree,
    /// Versions of the orders of each group, and when they were made.
    pub orders: BTreeMap<GroupId, (u64, u64)>,
    pub denied: BTreeMap<Digest, DeniedFile>,
    /// Releases of the agent, and the keys that sign them.
    pub releases: Vec<StoredRelease>,
    pub agent_keys: Vec<AgentKey>,
}

impl Held {
    fn of(stored: StoredPolicy) -> Result<Held, Problem> {
        let orders = stored.groups.iter().map(|one| (one.group.id.clone(), (one.orders, one.made))).collect();
        let groups: Vec<Group> = stored.groups.into_iter().map(|one| one.group).collect();
        let groups = if groups.is_empty() { vec![root()] } else { groups };
        // What lies in the store was checked when it was put there.
        let tree = Tree::new(groups, stored.glass).map_err(Problem::internal)?;
        let denied = stored.denied.into_iter().map(|file| (file.sha256, file)).collect();
        let (releases, agent_keys) = (stored.releases, stored.agent_keys);
        Ok(Held { version: stored.version, tree, orders, denied, releases, agent_keys })
    }
}

fn root() -> Group {
    Group {
        id: GroupId::new(ROOT),
        name: "全部终端 All endpoints".to_owned(),
        parent: None,
        settings: Default::default(),
    }
}

impl Default for EndpointsOfServer {
    fn default() -> EndpointsOfServer {
        // A tree of one group without settings is always whole.
        let held = Held::of(StoredPolicy::default()).unwrap_or_else(|_| unreachable!("one group is a tree"));
        EndpointsOfServer {
            held: RwLock::new(Arc::new(held)),
            known: RwLock::default(),
            attending: Mutex::default(),
            sealed: Mutex::default(),
            signer: OnceLock::new(),
            network: Mutex::new(Network::new(Default::default())),
            table: RwLock::default(),
            bundles: Mutex::default(),
            bundle_reading: tokio::sync::Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }
}

impl EndpointsOfServer {
    /// What endpoints are held to now.
    pub fn held(&self) -> Arc<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Moves whenever what endpoints are to have may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn tell_change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Everybody that is known, with his group.
    pub fn known(&self) -> BTreeMap<EndpointId, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn find(&self, id: &EndpointId) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Endpoints that are led at this moment.
    pub fn connected(&self) -> BTreeSet<EndpointId> {
        self.led().now.keys().cloned().collect()
    }

    /// What an endpoint said last, while it is led.
    pub fn report(&self, id: &EndpointId) -> Option<Report> {
        self.led().now.get(id).cloned()
    }

    fn led(&self) -> MutexGuard<'_, Attending> {
        self.attending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn reputation_table(&self) -> Option<Arc<ReputationTable>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|table| table.content.clone())
    }
}

impl App {
    /// Reads what endpoints are held to and who they are, and makes the first group where there is none. From then on orders
    /// are signed with the key.
    pub async fn open_endpoints(&self, signer: Signer) -> Result<(), Problem> {
        let _ = self.endpoints.signer.set(signer);
        if self.store.endpoints().policy_version().await? == 0 {
            let made = seconds(self);
            let first =
                PolicyChange { put: vec![root()], ordered: vec![GroupId::new(ROOT)], made, ..Default::default() };
            // Whoever was first has made it.
            self.store.endpoints().apply(&first, &self.act()).await?;
        }
        let all = self.store.endpoints().all().await?;
        *self.endpoints.known.write().unwrap_or_else(PoisonError::into_inner) =
            all.iter().map(|one| (one.endpoint.clone(), Known::of(one))).collect();
        self.learn_spread_again().await?;
        self.refresh_policy().await
    }

    /// Takes what the store has, if that is something else than what is in force.
    pub async fn refresh_policy(&self) -> Result<(), Problem> {
        let held = Held::of(self.store.endpoints().policy().await?)?;
        {
            let mut in_force = self.endpoints.held.write().unwrap_or_else(PoisonError::into_inner);
            if in_force.version == held.version && in_force.orders == held.orders {
                return Ok(());
            }
            *in_force = Arc::new(held);
        }
        self.endpoints.tell_change();
        Ok(())
    }

    /// The same when another server may have changed it.
    pub async fn refresh_policy_of_others(&self) -> Result<(), Problem> {
        self.refresh_endpoints_of_others().await?;
        if self.store.endpoints().policy_version().await? == self.endpoints.held().version {
            return Ok(());
        }
        self.refresh_policy().await
    }

    /// Takes what another server ordered single endpoints since: to be in another group, to be isolated.
    async fn refresh_endpoints_of_others(&self) -> Result<(), Problem> {
        // Orders are numbered by one counter of the store: what is later here is later there.
        let newest = self.endpoints.known().values().map(|known| known.own_orders).max().unwrap_or_default();
        let ordered = self.store.endpoints().ordered_after(newest).await?;
        if ordered.is_empty() {
            return Ok(());
        }
        {
            let mut known = self.endpoints.known.write().unwrap_or_else(PoisonError::into_inner);
            for endpoint in &ordered {
                let of = Known::of(endpoint);
                let is_older = known.get(&endpoint.endpoint).is_none_or(|known| known.own_orders < of.own_orders);
                if is_older {
                    known.insert(endpoint.endpoint.clone(), of);
                }
            }
        }
        self.endpoints.tell_change();
        Ok(())
    }

    /// A group that is there.
    pub fn endpoint_group(&self, id: &GroupId) -> Result<Group, Problem> {
        let held = self.endpoints.held();
        held.tree.get(id).cloned().ok_or_else(|| Problem::not_found("endpoint-group", &id.0))
    }

    /// Moves an endpoint: it is told by orders of its own.
    pub async fn move_endpoint(&self, id: &EndpointId, group: &GroupId, act: &store::Act) -> Result<(), Problem> {
        let made = seconds(self);
        let own_orders = self.store.endpoints().move_to(id, group, made, act).await?;
        if let Some(known) = self.endpoints.known.write().unwrap_or_else(PoisonError::into_inner).get_mut(id) {
            *known = Known { group: group.clone(), own_orders, own_made: made, ..known.clone() };
        }
        self.endpoints.tell_change();
        Ok(())
    }

    /// Has an endpoint speak with nobody but this server, or with everybody again: it is told by orders of its own.
    pub async fn isolate_endpoint(
        &self,
        id: &EndpointId,
        isolate: bool,
        (by, why): (&str, &str),
        act: &store::Act,
    ) -> Result<(), Problem> {
        let made = seconds(self);
        let (own_orders, asked) = self.store.endpoints().isolate(id, isolate, by, why, made, act).await?;
        if let Some(known) = self.endpoints.known.write().unwrap_or_else(PoisonError::into_inner).get_mut(id) {
            *known = Known { own_orders, own_made: made, isolation: Some(asked), ..known.clone() };
        }
        self.endpoints.tell_change();
        Ok(())
    }

    /// Denies what an incident was made with on every endpoint. What a package of the machine vouches for is never denied so:
    /// a shell that ran an attacker's script would go missing everywhere.
    pub async fn deny_everywhere(&self, file: &DeniedFile) -> Result<bool, Problem> {
        let detail = serde_json::json!({ "path": file.path, "endpoint": file.endpoint, "incident": file.incident });
        let act = self.act().recorded("endpoints", "endpoint.deny", &format!("file:{}", file.sha256), detail);
        let is_new = self.store.endpoints().deny(file, seconds(self), &act).await?;
        if is_new {
            self.refresh_policy().await?;
        }
        Ok(is_new)
    }
}

/// Now, as orders have it.
pub(crate) fn seconds(app: &App) -> u64 {
    app.now().as_second().unsigned_abs()
}

/// What somebody may not do with groups.
fn conflict(why: Message) -> Problem {
    Problem::conflict(why)
}

impl Known {
    fn of(endpoint: &Endpoint) -> Known {
        Known {
            collector: endpoint.collector.clone(),
            group: endpoint.group.clone(),
            own_orders: endpoint.own_orders,
            own_made: endpoint.own_made,
            isolation: endpoint.isolation.clone(),
            machine: endpoint.report.machine.clone(),
            added: endpoint.added.as_second(),
        }
    }
}

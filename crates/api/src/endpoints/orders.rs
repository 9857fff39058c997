//! Orders, signed: made once for each group and version, and for an endpoint alone when it came to its group.

use super::{EndpointsOfServer, Held, Known};
use crate::Problem;
use policy::orders::{Audience, Isolation, Orders};
use policy::telling::{KEYS_GUIDE, Keys, ORDERS_GUIDE, REPUTATION_GUIDE, Report};
use policy::{EndpointId, GroupId};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// What an endpoint is to have and has not: kinds, versions, bytes.
pub type Guides = Vec<(&'static str, u64, Arc<[u8]>)>;

/// Orders of groups as they were sealed, by group: the last version of each.
pub(super) type Sealed = BTreeMap<GroupId, (u64, Arc<[u8]>)>;

/// Of the first keys: they are told again to whoever has none.
const KEYS_VERSION: u64 = 1;

impl EndpointsOfServer {
    /// The version of the orders that an endpoint is to have.
    pub fn wanted(&self, known: &Known) -> u64 {
        self.held().orders.get(&known.group).map_or(0, |(version, _)| *version).max(known.own_orders)
    }

    pub(super) fn guides(&self, id: &EndpointId, known: &Known, report: &Report, now: u64) -> Result<Guides, Problem> {
        let Some(signer) = self.signer.get() else { return Ok(Guides::new()) };
        let mut guides = Guides::new();
        if report.orders.is_none() {
            let keys = Keys { keys: [signer.public()].into() };
            guides.push((KEYS_GUIDE, KEYS_VERSION, serde_json::to_vec(&keys).map_err(Problem::internal)?.into()));
        }
        let wanted = self.wanted(known);
        if report.orders.is_none_or(|version| version < wanted) {
            guides.push((ORDERS_GUIDE, wanted, self.orders(id, known, now)?));
        }
        if let Some(table) = self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
            && report.reputation.is_none_or(|version| version < table.content.version)
        {
            guides.push((REPUTATION_GUIDE, table.content.version, table.sealed.clone()));
        }
        Ok(guides)
    }

    fn orders(&self, id: &EndpointId, known: &Known, now: u64) -> Result<Arc<[u8]>, Problem> {
        let held = self.held();
        let of_group = held.orders.get(&known.group).copied().unwrap_or_default();
        let isolation = known.isolation.as_ref().filter(|asked| asked.isolate);
        let isolation = isolation.map(|asked| Isolation { id: asked.id, since: asked.since });
        // What its group is ordered must not end its isolation: it has that in orders of its own.
        if isolation.is_some() || known.own_orders > of_group.0 {
            let version = of_group.max((known.own_orders, known.own_made));
            let audience = Audience::Endpoint(id.clone());
            return self.seal(&held, &known.group, version, audience, isolation, now);
        }
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, bytes)) = sealed.get(&known.group)
            && *version == of_group.0
        {
            return Ok(bytes.clone());
        }
        let audience = Audience::Group(known.group.clone());
        let bytes = self.seal(&held, &known.group, of_group, audience, None, now)?;
        sealed.insert(known.group.clone(), (of_group.0, bytes.clone()));
        Ok(bytes)
    }

    fn seal(
        &self,
        held: &Held,
        group: &GroupId,
        (version, made): (u64, u64),
        audience: Audience,
        isolation: Option<Isolation>,
        now: u64,
    ) -> Result<Arc<[u8]>, Problem> {
        let effective = held.tree.effective(group, now).map_err(Problem::internal)?;
        let agent = EndpointsOfServer::agent_orders(held, &effective.agent.value);
        let mut orders = Orders::new(version, made, audience, &effective).isolated(isolation).with_agent(agent);
        orders.execution.denied.extend(held.denied.keys());
        orders.execution.allowed.retain(|sha256| !held.denied.contains_key(sha256));
        let signer = self.signer.get().ok_or_else(|| Problem::internal("nothing to sign with"))?;
        Ok(orders.seal(signer).map_err(Problem::internal)?.into())
    }
}

//! Who may do what: the roles, what each may do, and what every route asks for. Nothing else decides about access.
//!
//! Three administrators keep each other in check (三员分立): the system administrator runs the server and makes the
//! accounts, the security administrator decides about hosts and plans, the audit administrator reads what both did.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
// `Role` is the host's role in the description.
#[schema(as = AccountRole)]
pub enum Role {
    SystemAdministrator,
    SecurityAdministrator,
    AuditAdministrator,
    Analyst,
    ReadOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// See hosts, exposures, plans, knowledge and jobs.
    Read,
    /// Send in files of facts.
    Import,
    /// Change what the business says of a host.
    EditHosts,
    DeleteHosts,
    /// Move plans on, send in results, fetch scripts.
    WorkPlans,
    /// Approve plans and grant exceptions.
    ApprovePlans,
    UpdateKnowledge,
    /// Put files on the lists of what is wanted and what is not, and choose the rules that files are matched with.
    JudgeFiles,
    /// Take files that wait and say what came of them: for the tokens of workers.
    AnalyseFiles,
    /// Say what holds on endpoints, and agree to what others propose.
    CommandEndpoints,
    /// Make accounts, disable them, set their passwords and roles.
    ManageUsers,
    /// Own API tokens.
    UseTokens,
    ReadAudit,
    RunSystem,
}

impl Role {
    pub const ALL: [Role; 5] = [
        Role::SystemAdministrator,
        Role::SecurityAdministrator,
        Role::AuditAdministrator,
        Role::Analyst,
        Role::ReadOnly,
    ];

    /// The permission table.
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Role::SystemAdministrator => &[Read, UpdateKnowledge, AnalyseFiles, ManageUsers, UseTokens, RunSystem],
            Role::SecurityAdministrator => &[
                Read,
                Import,
                EditHosts,
                DeleteHosts,
                WorkPlans,
                ApprovePlans,
                UpdateKnowledge,
                JudgeFiles,
                AnalyseFiles,
                CommandEndpoints,
                UseTokens,
            ],
            Role::AuditAdministrator => &[Read, ReadAudit],
            Role::Analyst => &[Read, Import, EditHosts, WorkPlans, JudgeFiles, UseTokens],
            Role::ReadOnly => &[Read],
        }
    }

    /// The audit role stands alone: whoever checks must not be among the checked.
    pub fn may_be_combined(roles: &BTreeSet<Role>) -> bool {
        let administers = roles.contains(&Role::SystemAdministrator) || roles.contains(&Role::SecurityAdministrator);
        !(roles.contains(&Role::AuditAdministrator) && administers)
    }
}

impl Permission {
    pub const ALL: [Permission; 14] = [
        Permission::Read,
        Permission::Import,
        Permission::EditHosts,
        Permission::DeleteHosts,
        Permission::WorkPlans,
        Permission::ApprovePlans,
        Permission::UpdateKnowledge,
        Permission::JudgeFiles,
        Permission::AnalyseFiles,
        Permission::CommandEndpoints,
        Permission::ManageUsers,
        Permission::UseTokens,
        Permission::ReadAudit,
        Permission::RunSystem,
    ];

    /// What an API token can be given; a token never makes accounts or tokens, never runs the server, and is
    /// no person who agrees to what holds on endpoints.
    pub fn fits_a_token(self) -> bool {
        !matches!(
            self,
            Permission::ManageUsers | Permission::UseTokens | Permission::RunSystem | Permission::CommandEndpoints
        )
    }
}

/// What all of a person's roles together permit.
pub fn permissions(roles: &BTreeSet<Role>) -> BTreeSet<Permission> {
    roles.iter().flat_map(|role| role.permissions().iter().copied()).collect()
}

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Any account with a live session; no API token.
    Session,
    /// Any account or token.
    Account,
    Needs(Permission),
}

/// The entry of a route; a route without one is refused to everybody.
pub fn of(method: &Method, path: &str) -> Option<Access> {
    ROUTES.iter().find(|(m, p, _)| *m == method.as_str() && *p == path).map(|(.., access)| *access)
}

/// Every route of the API. A test holds it equal to the OpenAPI description.
#[rustfmt::skip]
pub const ROUTES: &[(&str, &str, Access)] = {
    use Access::*;
    use Permission::*;
    &[
        ("GET",    "/api/v1/status",                       Public),
        ("POST",   "/api/v1/setup",                        Public),
        ("POST",   "/api/v1/login",                        Public),
        ("GET",    "/api/v1/openapi.json",                 Public),
        ("POST",   "/api/v1/logout",                       Session),
        ("GET",    "/api/v1/me",                           Account),
        ("POST",   "/api/v1/me/password",                  Session),
        ("GET",    "/api/v1/overview",                     Needs(Read)),
        ("GET",    "/api/v1/search",                       Needs(Read)),
        ("GET",    "/api/v1/events",                       Needs(Read)),
        ("GET",    "/api/v1/hosts",                        Needs(Read)),
        ("GET",    "/api/v1/hosts.export",                 Needs(Read)),
        ("GET",    "/api/v1/hosts/{id}",                   Needs(Read)),
        ("DELETE", "/api/v1/hosts/{id}",                   Needs(DeleteHosts)),
        ("GET",    "/api/v1/hosts/{id}/history",           Needs(Read)),
        ("GET",    "/api/v1/hosts/{id}/falls",             Needs(Read)),
        ("GET",    "/api/v1/hosts/{id}/timeline",          Needs(Read)),
        ("PATCH",  "/api/v1/hosts/{id}/business",          Needs(EditHosts)),
        ("GET",    "/api/v1/hosts/{id}/scripts",           Needs(Read)),
        ("GET",    "/api/v1/hosts/{id}/scripts/{name}",    Needs(WorkPlans)),
        ("GET",    "/api/v1/hosts/{id}/bundle.zip",        Needs(WorkPlans)),
        ("GET",    "/api/v1/hosts/{id}/runbook",           Needs(Read)),
        ("GET",    "/api/v1/weapons",                      Needs(Read)),
        ("GET",    "/api/v1/weapons/{id}",                 Needs(Read)),
        ("GET",    "/api/v1/exposures",                    Needs(Read)),
        ("GET",    "/api/v1/exposures.export",             Needs(Read)),
        ("GET",    "/api/v1/graph",                        Needs(Read)),
        ("GET",    "/api/v1/plans",                        Needs(Read)),
        ("POST",   "/api/v1/plans/{id}/transition",        Needs(WorkPlans)),
        ("POST",   "/api/v1/plans/moves",                  Needs(WorkPlans)),
        ("GET",    "/api/v1/plans/moves/{id}",             Needs(Read)),
        ("GET",    "/api/v1/rollouts",                     Needs(Read)),
        ("POST",   "/api/v1/rollouts",                     Needs(ApprovePlans)),
        ("POST",   "/api/v1/rollouts/{id}/end",            Needs(ApprovePlans)),
        ("POST",   "/api/v1/results",                      Needs(WorkPlans)),
        ("GET",    "/api/v1/fleet/actions",                Needs(Read)),
        ("POST",   "/api/v1/fleet/what-if",                Needs(Read)),
        ("POST",   "/api/v1/imports",                      Needs(Import)),
        ("GET",    "/api/v1/imports/{id}",                 Needs(Read)),
        ("POST",   "/api/v1/imports/{id}/mapping",         Needs(Import)),
        ("GET",    "/api/v1/network",                      Needs(Read)),
        ("GET",    "/api/v1/sessions",                     Needs(Read)),
        ("GET",    "/api/v1/sessions.export",              Needs(Read)),
        ("GET",    "/api/v1/sessions/{id}",                Needs(Read)),
        ("GET",    "/api/v1/sessions/{id}/evidence.pcap",  Needs(WorkPlans)),
        ("GET",    "/api/v1/findings",                     Needs(Read)),
        ("GET",    "/api/v1/findings/{id}/evidence.pcap",  Needs(WorkPlans)),
        ("GET",    "/api/v1/notables",                     Needs(Read)),
        ("GET",    "/api/v1/notables/{id}/evidence.pcap",  Needs(WorkPlans)),
        ("GET",    "/api/v1/profiles",                     Needs(Read)),
        ("GET",    "/api/v1/profiles/one",                 Needs(Read)),
        ("GET",    "/api/v1/indicators",                   Needs(Read)),
        ("POST",   "/api/v1/indicators",                   Needs(Import)),
        ("POST",   "/api/v1/indicators/files",             Needs(Import)),
        ("POST",   "/api/v1/indicators/remove",            Needs(Import)),
        ("DELETE", "/api/v1/indicators/lists/{id}",        Needs(Import)),
        ("GET",    "/api/v1/hunts",                        Needs(Read)),
        ("POST",   "/api/v1/hunts",                        Needs(Import)),
        ("POST",   "/api/v1/hunts/files",                  Needs(Import)),
        ("GET",    "/api/v1/hunts/{id}",                   Needs(Read)),
        ("DELETE", "/api/v1/hunts/{id}",                   Needs(Import)),
        ("GET",    "/api/v1/hunts/{id}/hits",              Needs(Read)),
        ("GET",    "/api/v1/hunts/{id}/hits.export",       Needs(Read)),
        ("GET",    "/api/v1/hunts/{id}/shape",             Needs(Read)),
        ("GET",    "/api/v1/files",                        Needs(Read)),
        ("POST",   "/api/v1/files",                        Needs(Import)),
        ("GET",    "/api/v1/files/overview",               Needs(Read)),
        ("GET",    "/api/v1/files/rules",                  Needs(Read)),
        ("POST",   "/api/v1/files/rules",                  Needs(JudgeFiles)),
        ("DELETE", "/api/v1/files/rules/{name}",           Needs(JudgeFiles)),
        ("POST",   "/api/v1/files/outdated",               Needs(JudgeFiles)),
        ("GET",    "/api/v1/files/passwords",              Needs(JudgeFiles)),
        ("PUT",    "/api/v1/files/passwords",              Needs(JudgeFiles)),
        ("GET",    "/api/v1/files/publishers",             Needs(Read)),
        ("PUT",    "/api/v1/files/publishers/{sha1}",      Needs(JudgeFiles)),
        ("DELETE", "/api/v1/files/publishers/{sha1}",      Needs(JudgeFiles)),
        ("POST",   "/api/v1/files/tasks",                  Needs(AnalyseFiles)),
        ("GET",    "/api/v1/files/tasks/rules",            Needs(AnalyseFiles)),
        ("DELETE", "/api/v1/files/tasks/{lease}",          Needs(AnalyseFiles)),
        ("GET",    "/api/v1/files/tasks/{lease}/{sha256}", Needs(AnalyseFiles)),
        ("POST",   "/api/v1/files/tasks/{lease}/{sha256}/extend", Needs(AnalyseFiles)),
        ("POST",   "/api/v1/files/tasks/{lease}/{sha256}/result", Needs(AnalyseFiles)),
        ("GET",    "/api/v1/files/{sha256}",               Needs(Read)),
        ("DELETE", "/api/v1/files/{sha256}",               Needs(DeleteHosts)),
        ("GET",    "/api/v1/files/{sha256}/report.json",   Needs(Read)),
        ("POST",   "/api/v1/files/{sha256}/analyse",       Needs(Import)),
        ("POST",   "/api/v1/files/{sha256}/list",          Needs(JudgeFiles)),
        ("DELETE", "/api/v1/files/{sha256}/list",          Needs(JudgeFiles)),
        ("GET",    "/api/v1/holds",                        Needs(Read)),
        ("POST",   "/api/v1/holds",                        Needs(Import)),
        ("DELETE", "/api/v1/holds/{id}",                   Needs(DeleteHosts)),
        ("GET",    "/api/v1/queries/schema",               Needs(Read)),
        ("GET",    "/api/v1/queries",                      Needs(Read)),
        ("POST",   "/api/v1/queries",                      Needs(Read)),
        ("GET",    "/api/v1/queries/{id}",                 Needs(Read)),
        ("DELETE", "/api/v1/queries/{id}",                 Needs(Read)),
        ("GET",    "/api/v1/queries/{id}/rows",            Needs(Read)),
        ("GET",    "/api/v1/queries/{id}/export",          Needs(Read)),
        ("POST",   "/api/v1/queries/saved",                Needs(Import)),
        ("DELETE", "/api/v1/queries/saved/{id}",           Needs(Import)),
        ("POST",   "/api/v1/captures/{id}/resume",         Needs(Import)),
        ("GET",    "/api/v1/captures",                     Needs(Read)),
        ("POST",   "/api/v1/captures",                     Needs(Import)),
        ("DELETE", "/api/v1/captures/{id}",                Needs(DeleteHosts)),
        ("GET",    "/api/v1/jobs",                         Needs(Read)),
        ("GET",    "/api/v1/jobs/{id}",                    Needs(Read)),
        ("POST",   "/api/v1/jobs/{id}/cancel",             Needs(Import)),
        ("GET",    "/api/v1/jobs/{id}/events",             Needs(Read)),
        ("GET",    "/api/v1/users",                        Needs(ManageUsers)),
        ("POST",   "/api/v1/users",                        Needs(ManageUsers)),
        ("PATCH",  "/api/v1/users/{id}",                   Needs(ManageUsers)),
        ("GET",    "/api/v1/tokens",                       Needs(UseTokens)),
        ("POST",   "/api/v1/tokens",                       Needs(UseTokens)),
        ("DELETE", "/api/v1/tokens/{id}",                  Needs(UseTokens)),
        ("GET",    "/api/v1/collectors",                   Needs(Read)),
        ("POST",   "/api/v1/collectors/tokens",            Needs(RunSystem)),
        ("DELETE", "/api/v1/collectors/tokens/{id}",       Needs(RunSystem)),
        ("POST",   "/api/v1/collectors/revoke",            Needs(RunSystem)),
        ("GET",    "/api/v1/endpoints",                    Needs(Read)),
        ("GET",    "/api/v1/endpoints/{id}",               Needs(Read)),
        ("POST",   "/api/v1/endpoints/{id}/group",         Needs(CommandEndpoints)),
        ("POST",   "/api/v1/endpoints/{id}/isolate",       Needs(CommandEndpoints)),
        ("POST",   "/api/v1/endpoints/{id}/release",       Needs(CommandEndpoints)),
        ("GET",    "/api/v1/endpoints/{id}/executions",    Needs(Read)),
        ("GET",    "/api/v1/executions",                   Needs(Read)),
        ("GET",    "/api/v1/executions/{sha256}",          Needs(Read)),
        ("GET",    "/api/v1/executions/{sha256}/reputation", Needs(Read)),
        ("GET",    "/api/v1/incidents",                    Needs(Read)),
        ("GET",    "/api/v1/incidents/{id}",               Needs(Read)),
        ("GET",    "/api/v1/endpoint-alarms",              Needs(Read)),
        ("GET",    "/api/v1/endpoint-checks",              Needs(Read)),
        ("GET",    "/api/v1/endpoint-checks/drifts",       Needs(Read)),
        ("GET",    "/api/v1/endpoint-checks/endpoints",    Needs(Read)),
        ("GET",    "/api/v1/endpoint-checks/standings",    Needs(Read)),
        ("GET",    "/api/v1/endpoint-memory",              Needs(Read)),
        ("DELETE", "/api/v1/endpoint-denied/{sha256}",     Needs(CommandEndpoints)),
        ("GET",    "/api/v1/endpoint-groups",              Needs(Read)),
        ("GET",    "/api/v1/endpoint-groups/{id}",         Needs(Read)),
        ("POST",   "/api/v1/endpoint-changes/try",         Needs(CommandEndpoints)),
        ("GET",    "/api/v1/endpoint-changes",             Needs(Read)),
        ("POST",   "/api/v1/endpoint-changes",             Needs(CommandEndpoints)),
        ("POST",   "/api/v1/endpoint-changes/{id}/decide", Needs(CommandEndpoints)),
        ("GET",    "/api/v1/agent-releases",               Needs(Read)),
        ("POST",   "/api/v1/agent-releases",               Needs(UpdateKnowledge)),
        ("DELETE", "/api/v1/agent-releases/{version}/{target}", Needs(RunSystem)),
        ("PUT",    "/api/v1/agent-keys/{public}",          Needs(RunSystem)),
        ("DELETE", "/api/v1/agent-keys/{public}",          Needs(RunSystem)),
        ("GET",    "/api/v1/audit",                        Needs(ReadAudit)),
        ("GET",    "/api/v1/audit/verify",                 Needs(ReadAudit)),
        ("GET",    "/api/v1/audit.export",                 Needs(ReadAudit)),
        ("GET",    "/api/v1/system",                       Needs(RunSystem)),
        ("POST",   "/api/v1/system/backup",                Needs(RunSystem)),
        ("GET",    "/api/v1/system/backups/{name}",        Needs(RunSystem)),
        ("GET",    "/api/v1/knowledge",                    Needs(Read)),
        ("POST",   "/api/v1/knowledge/imports",            Needs(UpdateKnowledge)),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_both_acts_and_reads_the_audit_log() {
        for role in Role::ALL {
            let permissions = role.permissions();
            let audits = permissions.contains(&Permission::ReadAudit);
            let acts = permissions.iter().any(|p| !matches!(p, Permission::Read | Permission::ReadAudit));
            assert!(!(audits && acts), "{role:?}");
        }
    }

    #[test]
    fn who_makes_accounts_does_not_approve_plans() {
        for role in Role::ALL {
            let permissions = role.permissions();
            assert!(
                !(permissions.contains(&Permission::ManageUsers) && permissions.contains(&Permission::ApprovePlans)),
                "{role:?}"
            );
        }
    }

    #[test]
    fn the_audit_role_stands_alone() {
        use Role::*;
        assert!(Role::may_be_combined(&[SystemAdministrator, SecurityAdministrator].into()));
        assert!(Role::may_be_combined(&[AuditAdministrator, ReadOnly].into()));
        assert!(!Role::may_be_combined(&[AuditAdministrator, SystemAdministrator].into()));
    }

    #[test]
    fn every_described_route_has_an_entry_and_every_entry_a_route() {
        let described: BTreeSet<(String, String)> = crate::openapi::description()
            .paths
            .paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = [
                    ("GET", item.get.is_some()),
                    ("POST", item.post.is_some()),
                    ("PUT", item.put.is_some()),
                    ("PATCH", item.patch.is_some()),
                    ("DELETE", item.delete.is_some()),
                ];
                methods.into_iter().filter(|(_, is)| *is).map(|(method, _)| (method.to_owned(), path.clone()))
            })
            .collect();
        let entries: BTreeSet<(String, String)> = ROUTES
            .iter()
            .filter(|(_, path, _)| *path != "/api/v1/openapi.json")
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        assert_eq!(described, entries);
        assert_eq!(ROUTES.len(), entries.len() + 1, "no route is listed twice");
    }

    #[test]
    fn a_route_without_an_entry_is_refused() {
        assert_eq!(of(&Method::GET, "/api/v1/me"), Some(Access::Account));
        assert_eq!(of(&Method::PUT, "/api/v1/me"), None);
        assert_eq!(of(&Method::GET, "/api/v1/nothing"), None);
    }
}

//! The product's knowledge base, told in the flow's words.

use crate::{Lore, Nature, Way, WeaponLore, controls};
use jiff::civil::Date;
use knowledge::weapons::{Case, Kind, Mitigation, RemarkKind, RequiredRole, Verdict, Weapon};
use knowledge::{FixSet, Knowledge, System};
use model::{Arch, Family, KbId, Message, Timeline, UrgencyBasis, WeaponId};

impl Lore for Knowledge {
    fn weapon(&self, id: &WeaponId, system: Option<&str>) -> WeaponLore {
        let Some(weapon) = self.weapons.get(id) else { return WeaponLore::default() };
        let set = self.weapons.fixset_of(weapon);
        let system = system.and_then(|id| self.systems.get(id));
        let case = set.zip(system).and_then(|(set, system)| set.case(system));
        WeaponLore {
            nature: nature(weapon),
            domain_controllers_only: weapon.role == Some(RequiredRole::DomainController),
            kev: weapon.exploited_since().is_some(),
            automatable: weapon.triage.automatable,
            total_impact: weapon.triage.total_impact,
            ways: weapon.mitigations.iter().flat_map(ways).collect(),
            preferred: case.map(preferred).unwrap_or_default(),
            published: set.map(|set| case.and_then(|case| case.published).unwrap_or(set.published)),
            closed_by: set.zip(system).map(|(set, system)| closed_by(self, set, system)).unwrap_or_default(),
            file: case.and_then(|case| case.files.first()).map(|file| file.path.clone()),
            notes: remarks(weapon, |kind| matches!(kind, RemarkKind::ReportWrong | RemarkKind::ReportGap)),
            remedies: remarks(weapon, |kind| kind == RemarkKind::Remedy),
        }
    }

    fn timeline(&self, answers: &UrgencyBasis) -> Timeline {
        self.urgency.of(answers)
    }

    /// The product line released last of those still supported: `Windows 11`, `Windows Server 2025`.
    fn upgrade_target(&self, family: Family, day: Date) -> Option<String> {
        let fits = |system: &&System| {
            system.family == Some(family)
                && !system.embedded
                && system.arch == Arch::X64
                && self.systems.support(system, None).is_some_and(|support| support.security >= day)
        };
        self.systems.iter().filter(fits).max_by_key(|system| system.released).map(|system| system.product.clone())
    }
}

fn nature(weapon: &Weapon) -> Nature {
    match (&weapon.kind, &weapon.product) {
        (Kind::Implant, _) => Nature::Implant { delivered_by: weapon.delivered_by.clone() },
        (_, Some(product)) => Nature::Application { product: product.title.clone() },
        (_, None) => Nature::System,
    }
}

/// What a mitigation switches off while the port stays. Blocking a port is the flow's own decision, and stopping the
/// service that owns the port is no way to keep it.
fn ways(mitigation: &Mitigation) -> Vec<Way> {
    match mitigation.name() {
        "disable-service" => mitigation
            .arguments()
            .filter(|service| !controls::owns_its_port(service))
            .map(|service| Way::Service(service.to_owned()))
            .collect(),
        "disable-smb1" => vec![Way::Feature(controls::SMB1_OFF.to_owned())],
        "disable-smb2" => vec![Way::Feature(controls::SMB2_OFF.to_owned())],
        "unshare-printers" => vec![Way::Feature(controls::PRINTERS_UNSHARED.to_owned())],
        "disable-feature" => mitigation.arguments().map(|feature| Way::Feature(format!("{feature}-off"))).collect(),
        _ => Vec::new(),
    }
}

/// The bulletin's own updates first, in its order: the smallest package with the fewest base patches leads, which is
/// what a network without the internet can stage soonest. Later updates that contain the fix follow.
fn preferred(case: &Case) -> Vec<KbId> {
    case.fixing().collect()
}

/// The service packs still to come on this system after which the flaw is gone.
fn closed_by(knowledge: &Knowledge, set: &FixSet, system: &System) -> Vec<String> {
    let has = system.service_pack.unwrap_or_default();
    let steps = knowledge.prerequisites.steps().filter(|step| {
        step.service_pack.is_some_and(|pack| pack > has) && step.on.iter().any(|selector| selector.matches(system))
    });
    let mut closing: Vec<_> = steps
        .filter(|step| {
            let after = knowledge.systems.iter().find(|other| {
                other.line == system.line && other.arch == system.arch && other.service_pack == step.service_pack
            });
            let case = after.and_then(|after| set.case(after));
            case.is_some_and(|case| case.verdict == Verdict::NotAffected)
        })
        .map(|step| step.id.clone())
        .collect();
    closing.sort();
    closing
}

fn remarks(weapon: &Weapon, wanted: impl Fn(RemarkKind) -> bool) -> Vec<Message> {
    weapon.remarks.iter().filter(|remark| wanted(remark.kind)).map(|remark| Message::new(&*remark.code)).collect()
}

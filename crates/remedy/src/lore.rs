//! What the flow asks of the knowledge base, in the flow's own words.
//!
//! The flow needs a dozen facts of a weapon and two of the product line; this trait names them, so that the flow reads
//! without the shape of the data files and its tests can state a case in three lines.

use jiff::civil::Date;
use model::{Family, KbId, Timeline, UrgencyBasis, WeaponId};

/// Where the flow's facts of weapons come from; [`knowledge::Knowledge`] is the one of the product.
pub trait Lore {
    /// What is known of a weapon on that system; one that nobody knows is treated as the worst of its kind.
    fn weapon(&self, id: &WeaponId, system: Option<&str>) -> WeaponLore;

    /// The row of the urgency table for these four answers.
    fn timeline(&self, answers: &UrgencyBasis) -> Timeline;

    /// The system to move to: a client to a client, a server to a server, never past its support end on that day.
    fn upgrade_target(&self, family: Family, day: Date) -> Option<String>;
}

/// A weapon as the flow sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeaponLore {
    pub nature: Nature,
    /// It only hits domain controllers.
    pub domain_controllers_only: bool,
    /// One of its vulnerabilities is in the catalogue of exploited vulnerabilities.
    pub kev: bool,
    pub automatable: bool,
    pub total_impact: bool,
    /// What can be switched off so that the weapon fails although its port stays open, best first.
    pub ways: Vec<Way>,
    /// The fixing updates in the order they are preferred; ids missing here come last, in number order.
    pub preferred: Vec<KbId>,
    /// When the fix for this system was published: after the end of support, for some.
    pub published: Option<Date>,
    /// Base steps (service packs) after which the weapon no longer hits this system, without any key patch.
    pub closed_by: Vec<String>,
    /// A file whose version tells whether the fix is in, below the Windows folder.
    pub file: Option<String>,
    /// What a person should read beside the decision: corrections of the report.
    pub notes: Vec<model::Message>,
    /// What is known of upgrading or retiring the product.
    pub remedies: Vec<model::Message>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nature {
    /// Against Windows itself.
    System,
    /// Against a product that may or may not be on the host; closed by its vendor, not by Windows updates.
    Application { product: String },
    /// Put on a host by another weapon; no update removes it.
    Implant { delivered_by: Vec<WeaponId> },
}

/// Something to switch off that leaves the port to the business.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A Windows service by its lower-case short name.
    Service(String),
    /// A control of the knowledge base: `disable-smb1`.
    Feature(String),
}

impl Default for WeaponLore {
    /// The weapon nobody knows: automatable and total, so that not knowing never makes it less urgent.
    fn default() -> Self {
        WeaponLore {
            nature: Nature::System,
            domain_controllers_only: false,
            kev: false,
            automatable: true,
            total_impact: true,
            ways: Vec::new(),
            preferred: Vec::new(),
            published: None,
            closed_by: Vec::new(),
            file: None,
            notes: Vec::new(),
            remedies: Vec::new(),
        }
    }
}

//! A small knowledge of weapons for the tests: the flow is tested on what it is told, not on what the data says today.

use jiff::civil::{Date, date};
use model::{Family, KbId, Timeline, UrgencyBasis, WeaponId};
use remedy::{Lore, Nature, Way, WeaponLore, controls};

pub struct TestLore;

impl Lore for TestLore {
    fn weapon(&self, id: &WeaponId, _: Option<&str>) -> WeaponLore {
        let base = WeaponLore { kev: true, ..WeaponLore::default() };
        let smb1 = || vec![Way::Feature(controls::SMB1_OFF.into())];
        let srv = || Some(r"system32\drivers\srv.sys".to_owned());
        match id.as_str() {
            "eternalblue" | "eternalromance" | "eternalchampion" | "eternalsynergy" => WeaponLore {
                published: Some(date(2017, 3, 14)),
                ways: smb1(),
                file: srv(),
                preferred: kbs(&[4012212, 4012215, 4012598]),
                ..base
            },
            "doublepulsar" => WeaponLore {
                nature: Nature::Implant { delivered_by: vec!["eternalblue".into(), "eternalromance".into()] },
                kev: false,
                ..base
            },
            "erraticgopher" => {
                WeaponLore { kev: false, published: june(), ways: vec![Way::Service("remoteaccess".into())], ..base }
            }
            "emeraldthread" => WeaponLore {
                kev: false,
                ways: vec![Way::Service("spooler".into())],
                closed_by: vec!["7-sp1".into()],
                ..base
            },
            "eclipsedwing" => WeaponLore {
                published: Some(date(2008, 10, 23)),
                kev: false,
                file: Some(r"system32\netapi32.dll".into()),
                ..base
            },
            "esteemaudit" => {
                WeaponLore { kev: false, published: june(), file: Some(r"system32\gpkcsp.dll".into()), ..base }
            }
            "explodingcan" => {
                WeaponLore { published: june(), ways: vec![Way::Feature(controls::WEBDAV_OFF.into())], ..base }
            }
            "eskimoroll" => WeaponLore { domain_controllers_only: true, automatable: false, ..base },
            "zippybeer" => WeaponLore { domain_controllers_only: true, kev: false, automatable: false, ..base },
            "easybee" => application("MDaemon", base),
            "emphasismine" => application("IBM Domino", base),
            _ => WeaponLore::default(),
        }
    }

    fn timeline(&self, answers: &UrgencyBasis) -> Timeline {
        let UrgencyBasis { kev, exposed, automatable, total_impact, .. } = *answers;
        match (kev, exposed, automatable, total_impact) {
            (true, true, _, true) | (true, false, true, true) => Timeline::ThreeDaysForensics,
            (true, true, true, false) | (false, true, true, true) => Timeline::ThreeDays,
            (true, ..) | (false, true, true, false) | (false, true, false, true) => Timeline::FourteenDays,
            (false, true, false, false) | (false, false, true, _) => Timeline::SixtyDays,
            (false, false, false, _) => Timeline::NextUpgrade,
        }
    }

    fn upgrade_target(&self, family: Family, _: Date) -> Option<String> {
        Some(match family {
            Family::Client => "Windows 11".to_owned(),
            Family::Server => "Windows Server 2025".to_owned(),
        })
    }
}

fn june() -> Option<Date> {
    Some(date(2017, 6, 13))
}

fn application(product: &str, base: WeaponLore) -> WeaponLore {
    WeaponLore { nature: Nature::Application { product: product.to_owned() }, kev: false, ..base }
}

pub fn kbs(numbers: &[u32]) -> Vec<KbId> {
    numbers.iter().copied().map(KbId).collect()
}

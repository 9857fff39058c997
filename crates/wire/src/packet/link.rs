//! Link layers: Ethernet with the tags of VLANs, provider bridges and switches, MPLS, PPPoE and NSH, and the link types
//! that captures without Ethernet have.

use super::{Arp, Layer, Link, Odd, TAGS_MAX, Walk};
use crate::bytes::Bytes;
use crate::capture::LinkType;
use std::net::Ipv4Addr;

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const TRANSPARENT_BRIDGING: u16 = 0x6558;
const VLAN: u16 = 0x8100;
const IPV6: u16 = 0x86dd;
const MPLS_UNICAST: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE_SESSION: u16 = 0x8864;
const QINQ: u16 = 0x88a8;
const QINQ_OLD: u16 = 0x9100;
/// Of a switch and its extenders: Cisco's VN-Tag, and E-TAG (IEEE 802.1BR).
const VN_TAG: u16 = 0x8926;
const E_TAG: u16 = 0x893f;
/// A customer's frame behind the one of the provider (IEEE 802.1ah).
const PROVIDER_BACKBONE: u16 = 0x88e7;
/// Service chains (RFC 8300).
const NSH: u16 = 0x894f;
/// Values below are the length of an IEEE 802.3 frame, not a type.
const TYPE_MIN: u16 = 0x0600;

const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;

impl<'a, V: FnMut(Layer<'a>)> Walk<'_, V> {
    pub(super) fn frame(&mut self, link: LinkType, data: &'a [u8]) -> Result<(), Odd> {
        match link {
            LinkType::ETHERNET => self.ethernet(data),
            LinkType::RAW | LinkType::RAW_OLD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => {
                self.datagram(data)
            }
            // The family's number differs between systems; the datagram says itself what it is.
            LinkType::NULL | LinkType::LOOP => self.datagram(data.get(4..).ok_or(Odd::LinkTruncated)?),
            LinkType::LINUX_SLL => self.cooked(data),
            LinkType::LINUX_SLL2 => self.cooked2(data),
            LinkType::PPP | LinkType::PPP_HDLC => self.ppp(data),
            LinkType::CISCO_HDLC => {
                let mut bytes = Bytes::new(data);
                bytes.skip(2).ok_or(Odd::LinkTruncated)?;
                let kind = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
                self.ethertype(kind, bytes)
            }
            _ => Err(Odd::LinkUnknown),
        }
    }

    fn ethernet(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        let mut bytes = Bytes::new(data);
        self.link.destination = bytes.array();
        self.link.source = bytes.array();
        let kind = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
        self.ethertype(kind, bytes)
    }

    /// Linux "cooked" captures of the pseudo-device `any`.
    fn cooked(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        let mut bytes = Bytes::new(data);
        bytes.skip(4).ok_or(Odd::LinkTruncated)?;
        let length = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
        self.link.source = bytes.array().filter(|_| length == 6);
        bytes.skip(2).ok_or(Odd::LinkTruncated)?;
        let kind = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
        self.ethertype(kind, bytes)
    }

    fn cooked2(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        let mut bytes = Bytes::new(data);
        let kind = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
        bytes.skip(9).ok_or(Odd::LinkTruncated)?;
        let length = bytes.u8().ok_or(Odd::LinkTruncated)?;
        let address: [u8; 8] = bytes.array().ok_or(Odd::LinkTruncated)?;
        self.link.source = address.first_chunk::<6>().copied().filter(|_| length == 6);
        self.ethertype(kind, bytes)
    }

    fn ethertype(&mut self, kind: u16, mut bytes: Bytes<'a>) -> Result<(), Odd> {
        let mut kind = kind;
        for _ in 0..=TAGS_MAX {
            match kind {
                VLAN | QINQ | QINQ_OLD => {
                    let tag = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
                    kind = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
                    self.tag(tag & 0x0fff);
                }
                VN_TAG | E_TAG => {
                    bytes.skip(if kind == VN_TAG { 4 } else { 6 }).ok_or(Odd::LinkTruncated)?;
                    kind = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
                }
                PROVIDER_BACKBONE => {
                    bytes.skip(4).ok_or(Odd::LinkTruncated)?;
                    self.link.destination = bytes.array();
                    self.link.source = bytes.array();
                    kind = bytes.u16_be().ok_or(Odd::LinkTruncated)?;
                }
                NSH => return self.service_chain(bytes.rest()),
                IPV4 | IPV6 => return self.datagram(bytes.rest()),
                MPLS_UNICAST | MPLS_MULTICAST => return self.mpls(bytes),
                PPPOE_SESSION => {
                    self.link.pppoe = true;
                    bytes.skip(6).ok_or(Odd::LinkTruncated)?;
                    return self.ppp(bytes.rest());
                }
                ARP => return self.arp(bytes),
                TRANSPARENT_BRIDGING => return self.inner_frame(bytes.rest()),
                // Other protocols of the link are nothing to us and no oddity.
                _ => return if kind < TYPE_MIN { self.logical_link(bytes) } else { Ok(()) },
            }
        }
        Err(Odd::TagsTooMany)
    }

    fn tag(&mut self, id: u16) {
        let Link { vlan, vlans, .. } = &mut self.link;
        if let Some(slot) = vlan.get_mut(usize::from(*vlans)) {
            *slot = id;
            *vlans += 1;
        }
    }

    /// The header's length is in words of four bytes, its own first two among them.
    fn service_chain(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        let [_, length, _, next] = *data.first_chunk::<4>().ok_or(Odd::LinkTruncated)?;
        let inside = data.get(usize::from(length & 0x3f).max(2) * 4..).ok_or(Odd::LinkTruncated)?;
        match next {
            1 | 2 => self.datagram(inside),
            3 => self.inner_frame(inside),
            5 => self.mpls(Bytes::new(inside)),
            _ => Ok(()),
        }
    }

    /// IEEE 802.2 with SNAP: the type stands five bytes further.
    fn logical_link(&mut self, mut bytes: Bytes<'a>) -> Result<(), Odd> {
        const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
        if bytes.array::<3>() != Some(SNAP) {
            return Ok(());
        }
        bytes.skip(3).ok_or(Odd::LinkTruncated)?;
        match bytes.u16_be().ok_or(Odd::LinkTruncated)? {
            IPV4 | IPV6 => self.datagram(bytes.rest()),
            _ => Ok(()),
        }
    }

    fn mpls(&mut self, mut bytes: Bytes<'a>) -> Result<(), Odd> {
        const BOTTOM_OF_STACK: u32 = 0x100;
        self.link.mpls = true;
        for _ in 0..TAGS_MAX {
            let label = bytes.u32_be().ok_or(Odd::LinkTruncated)?;
            if label & BOTTOM_OF_STACK == 0 {
                continue;
            }
            // No field says what follows the last label; its first four bits do.
            return match bytes.rest().first().map(|byte| byte >> 4) {
                Some(4 | 6) => self.datagram(bytes.rest()),
                // A control word, or Ethernet without one.
                Some(0) if bytes.len() > 4 => self.inner_frame(bytes.rest().get(4..).unwrap_or_default()),
                Some(_) => self.inner_frame(bytes.rest()),
                None => Err(Odd::LinkTruncated),
            };
        }
        Err(Odd::TagsTooMany)
    }

    fn ppp(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        let mut bytes = Bytes::new(data);
        if data.starts_with(&[0xff, 0x03]) {
            bytes.skip(2).ok_or(Odd::LinkTruncated)?;
        }
        match bytes.u16_be().ok_or(Odd::LinkTruncated)? {
            PPP_IPV4 | PPP_IPV6 => self.datagram(bytes.rest()),
            // A one-byte protocol field, then the datagram.
            short if matches!(short >> 8, 0x21 | 0x57) => {
                self.datagram(data.get(data.len() - bytes.len() - 1..).unwrap_or_default())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn arp(&mut self, mut bytes: Bytes<'a>) -> Result<(), Odd> {
        const IPV4_OVER_ETHERNET: [u8; 2] = [6, 4];
        let mut read = || {
            let (hardware, protocol) = (bytes.u16_be()?, bytes.u16_be()?);
            let lengths: [u8; 2] = bytes.array()?;
            let operation = bytes.u16_be()?;
            if lengths != IPV4_OVER_ETHERNET {
                return Some(None);
            }
            let (source_mac, source) = (bytes.array()?, Ipv4Addr::from(bytes.array::<4>()?));
            let (target_mac, target) = (bytes.array()?, Ipv4Addr::from(bytes.array::<4>()?));
            Some(Some(Arp { link: self.link, hardware, protocol, operation, source_mac, source, target_mac, target }))
        };
        if let Some(arp) = read().ok_or(Odd::ArpTruncated)? {
            (self.visit)(Layer::Arp(arp));
        }
        Ok(())
    }
}

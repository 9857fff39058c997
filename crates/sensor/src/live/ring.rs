//! A ring of the kernel's packet socket (`packet(7)`, TPACKET_V3): blocks of frames in memory shared with the kernel.

use super::{Error, Live};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use wire::capture::{Frame, LinkType};

/// Frames are handed over a block at a time.
const BLOCK_BYTES: usize = 1 << 20;
const FRAME_BYTES: usize = 2048;
/// A block that is not full is handed over after so long.
const BLOCK_WAIT_MS: u32 = 50;
const BLOCKS_MIN: usize = 4;
const VLAN_TAG_BYTES: usize = 4;

/// What the kernel counted for a ring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KernelCounts {
    /// With those it dropped.
    pub received: u64,
    pub dropped: u64,
    pub freezes: u64,
}

/// One open ring.
pub struct Ring {
    socket: OwnedFd,
    memory: Memory,
    blocks: usize,
    next: usize,
    /// A frame whose VLAN tag the kernel took off, with the tag put back.
    tagged: Vec<u8>,
    pub counts: KernelCounts,
}

/// The memory shared with the kernel.
struct Memory {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to this value alone and is not tied to the thread that made it.
unsafe impl Send for Memory {}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: `start` and `bytes` are those of a mapping that `map` made, and nothing borrows from it any more:
        // every borrow of a block ends within `next_block`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

impl Ring {
    pub fn open(live: &Live) -> Result<Ring, Error> {
        let step = |step: &'static str| {
            let interface = live.interface.clone();
            move |source| Error::Capture { interface, step, source }
        };
        let index = interface_index(&live.interface).ok_or_else(|| Error::NoInterface(live.interface.clone()))?;
        // Protocol nought: nothing arrives before the ring is bound.
        // SAFETY: plain system call; the descriptor is checked before it is owned.
        let raw = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if raw < 0 {
            return Err(
                step("opening a packet socket (are the rights CAP_NET_RAW there?)")(io::Error::last_os_error()),
            );
        }
        // SAFETY: `raw` is an open descriptor that nobody else owns.
        let socket = unsafe { OwnedFd::from_raw_fd(raw) };
        set(&socket, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as libc::c_int))
            .map_err(step("choosing the ring's version"))?;
        let blocks = (live.ring_bytes / BLOCK_BYTES).max(BLOCKS_MIN);
        let request = libc::tpacket_req3 {
            tp_block_size: BLOCK_BYTES as u32,
            tp_block_nr: blocks as u32,
            tp_frame_size: FRAME_BYTES as u32,
            tp_frame_nr: (BLOCK_BYTES / FRAME_BYTES * blocks) as u32,
            tp_retire_blk_tov: BLOCK_WAIT_MS,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(&socket, libc::PACKET_RX_RING, &request).map_err(step("making the ring"))?;
        let memory = map(&socket, BLOCK_BYTES * blocks).map_err(step("sharing the ring's memory"))?;
        attach_filter(&socket, live).map_err(step("attaching the filter"))?;
        bind(&socket, index).map_err(step("binding to the interface"))?;
        if live.promiscuous {
            promiscuous(&socket, index).map_err(step("listening to frames for others"))?;
        }
        if live.workers > 1 {
            join_fanout(&socket).map_err(step("sharing conversations between workers"))?;
        }
        Ok(Ring { socket, memory, blocks, next: 0, tagged: Vec::new(), counts: KernelCounts::default() })
    }

    /// Waits for the next block and hands over its frames, then gives the block back. Hands over none when nothing
    /// came.
    pub fn next_block(&mut self, wait_ms: i32, each: &mut dyn FnMut(&Frame<'_>)) -> io::Result<()> {
        let start = self.next * BLOCK_BYTES;
        // SAFETY: `next` is below `blocks`, so the block's header lies inside of the mapping; it is aligned because
        // blocks are whole pages.
        let header = unsafe { self.memory.start.add(start).cast::<libc::tpacket_block_desc>() };
        // SAFETY: the kernel writes this word while we read it, which is what an atomic is for; it lives as long as
        // the mapping.
        let status = unsafe { AtomicU32::from_ptr(&raw mut (*header.as_ptr()).hdr.bh1.block_status) };
        if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return self.wait(wait_ms);
        }
        // SAFETY: the block is ours until its status is given back: the kernel does not touch it meanwhile.
        let block = unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr().add(start), BLOCK_BYTES) };
        // SAFETY: as above; the header is plain data inside of the block.
        let (count, first) = unsafe {
            let header = &(*header.as_ptr()).hdr.bh1;
            (header.num_pkts, header.offset_to_first_pkt)
        };
        let mut at = first as usize;
        for _ in 0..count {
            let Some(next) = hand_over(block, at, &mut self.tagged, each) else { break };
            at += next;
        }
        status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
        Ok(())
    }

    /// What the kernel counted since this was last asked.
    pub fn statistics(&mut self) -> io::Result<KernelCounts> {
        let mut statistics = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let mut length = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `length` bytes, the size of the value it is given.
        let outcome = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        check(outcome)?;
        let new = KernelCounts {
            received: statistics.tp_packets.into(),
            dropped: statistics.tp_drops.into(),
            freezes: statistics.tp_freeze_q_cnt.into(),
        };
        self.counts.received += new.received;
        self.counts.dropped += new.dropped;
        self.counts.freezes += new.freezes;
        Ok(new)
    }

    fn wait(&self, wait_ms: i32) -> io::Result<()> {
        let mut poll = libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN | libc::POLLERR, revents: 0 };
        // SAFETY: one valid `pollfd` is given and its number with it.
        match check(unsafe { libc::poll(&raw mut poll, 1, wait_ms) }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            outcome => outcome,
        }
    }
}

/// Hands over the frame whose header begins at `at`; gives how far on the next one is.
fn hand_over(block: &[u8], at: usize, tagged: &mut Vec<u8>, each: &mut dyn FnMut(&Frame<'_>)) -> Option<usize> {
    let bytes = block.get(at..at + size_of::<libc::tpacket3_hdr>())?;
    // SAFETY: the bytes are there and any bytes are a valid header; it need not be aligned to be read this way.
    let header = unsafe { bytes.as_ptr().cast::<libc::tpacket3_hdr>().read_unaligned() };
    let start = at + usize::from(header.tp_mac);
    let mut data = block.get(start..start + header.tp_snaplen as usize)?;
    let mut wire_length = header.tp_len;
    if header.tp_status & libc::TP_STATUS_VLAN_VALID != 0 {
        data = put_back_tag(data, header.hv1.tp_vlan_tci as u16, tagged);
        wire_length += VLAN_TAG_BYTES as u32;
    }
    let time_ns = i64::from(header.tp_sec) * 1_000_000_000 + i64::from(header.tp_nsec);
    each(&Frame { time_ns, link: LinkType::ETHERNET, wire_length, data });
    Some(header.tp_next_offset as usize).filter(|next| *next > 0)
}

/// The network card takes the outer VLAN tag off; records name it, so it goes back in.
fn put_back_tag<'a>(data: &'a [u8], tag: u16, tagged: &'a mut Vec<u8>) -> &'a [u8] {
    const ADDRESSES_BYTES: usize = 12;
    let Some((addresses, rest)) = data.split_at_checked(ADDRESSES_BYTES) else { return data };
    tagged.clear();
    tagged.extend_from_slice(addresses);
    tagged.extend_from_slice(&[0x81, 0x00]);
    tagged.extend_from_slice(&tag.to_be_bytes());
    tagged.extend_from_slice(rest);
    tagged
}

fn interface_index(name: &str) -> Option<libc::c_int> {
    let name = std::ffi::CString::new(name).ok()?;
    // SAFETY: `name` is a string that ends in a nought and lives through the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => None,
        index => libc::c_int::try_from(index).ok(),
    }
}

fn set<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    set_at(socket, libc::SOL_PACKET, option, value)
}

fn set_at<T>(socket: &OwnedFd, level: libc::c_int, option: libc::c_int, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel reads `length` bytes, the size of the value it is given.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const *value).cast(), length) })
}

fn map(socket: &OwnedFd, bytes: usize) -> io::Result<Memory> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice; failure is checked before it is used.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, libc::MAP_SHARED, socket.as_raw_fd(), 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("a mapping at address nought"))?;
    Ok(Memory { start, bytes })
}

fn attach_filter(socket: &OwnedFd, live: &Live) -> io::Result<()> {
    if live.filter.is_empty() {
        return Ok(());
    }
    let mut program: Vec<libc::sock_filter> = live
        .filter
        .iter()
        .map(|step| libc::sock_filter { code: step.code, jt: step.jump_true, jf: step.jump_false, k: step.value })
        .collect();
    let length = libc::c_ushort::try_from(program.len()).map_err(|_| io::Error::other("the filter is too long"))?;
    let program = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    // The kernel copies the program during the call.
    set_at(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

fn bind(socket: &OwnedFd, index: libc::c_int) -> io::Result<()> {
    // SAFETY: an address of all noughts is a valid value of this plain type.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as libc::c_ushort;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = index;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the kernel reads `length` bytes, the size of the address it is given.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })
}

fn promiscuous(socket: &OwnedFd, index: libc::c_int) -> io::Result<()> {
    let request = libc::packet_mreq {
        mr_ifindex: index,
        mr_type: libc::PACKET_MR_PROMISC as libc::c_ushort,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::PACKET_ADD_MEMBERSHIP, &request)
}

/// Rings of one process share the frames; the kernel puts a conversation's frames, fragments too, to one of them.
fn join_fanout(socket: &OwnedFd) -> io::Result<()> {
    let group = std::process::id() & 0xffff;
    let mode = libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG;
    set(socket, libc::PACKET_FANOUT, &(group | (mode << 16)))
}

fn check(outcome: libc::c_int) -> io::Result<()> {
    if outcome < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

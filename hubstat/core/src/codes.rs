//! Codes of the event contract with their rank: among events of one time, the smaller rank comes first.

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Delivery,
    Return,
}

impl Direction {
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "DELIVERY" => Some(Self::Delivery),
            "RETURN" => Some(Self::Return),
            _ => None,
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::Delivery => "DELIVERY",
            Self::Return => "RETURN",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Registered,
    Requested,
    Assigned,
    ArrivedCamp,
    Loaded,
    Departed,
    AttemptFailed,
    ReturnedCamp,
    Rescheduled,
    Delivered,
    PickedUp,
    ReceivedWarehouse,
    Inspected,
    Exchanged,
    Refunded,
    Completed,
    Cancelled,
    Withdrawn,
    ClosedAdmin,
}

use Code::*;

/// Without `SUPERSEDED` and `CORRECTED`, which are no plain cases, and whose ranks are the last.
const DELIVERY: [(&str, Code); 11] = [
    ("REGISTERED", Registered),
    ("ASSIGNED", Assigned),
    ("ARRIVED_CAMP", ArrivedCamp),
    ("LOADED", Loaded),
    ("DEPARTED", Departed),
    ("ATTEMPT_FAILED", AttemptFailed),
    ("RETURNED_CAMP", ReturnedCamp),
    ("RESCHEDULED", Rescheduled),
    ("DELIVERED", Delivered),
    ("CANCELLED", Cancelled),
    ("CLOSED_ADMIN", ClosedAdmin),
];
const RETURN: [(&str, Code); 14] = [
    ("REQUESTED", Requested),
    ("ASSIGNED", Assigned),
    ("DEPARTED", Departed),
    ("ATTEMPT_FAILED", AttemptFailed),
    ("RESCHEDULED", Rescheduled),
    ("PICKED_UP", PickedUp),
    ("ARRIVED_CAMP", ArrivedCamp),
    ("RECEIVED_WAREHOUSE", ReceivedWarehouse),
    ("INSPECTED", Inspected),
    ("EXCHANGED", Exchanged),
    ("REFUNDED", Refunded),
    ("COMPLETED", Completed),
    ("WITHDRAWN", Withdrawn),
    ("CLOSED_ADMIN", ClosedAdmin),
];

/// Code and rank of a text in a direction; `None` for what is unknown or no plain case.
pub fn code_of(direction: Direction, text: &str) -> Option<(Code, u8)> {
    let codes: &[(&str, Code)] = match direction {
        Direction::Delivery => &DELIVERY,
        Direction::Return => &RETURN,
    };
    let rank = codes.iter().position(|(name, _)| *name == text)?;
    Some((codes[rank].1, rank as u8))
}

impl Code {
    /// Whether it must state service date, wave and promise.
    pub fn promises(self) -> bool {
        matches!(self, Registered | Requested | Rescheduled)
    }

    pub fn registers(self) -> bool {
        matches!(self, Registered | Requested)
    }

    /// Whether an own scan must name camp and Friend.
    pub fn names_camp_and_friend(self) -> bool {
        matches!(self, Assigned | Loaded | Departed | AttemptFailed)
    }

    /// Whether an own scan must name its camp.
    pub fn names_camp(self) -> bool {
        matches!(self, Delivered | PickedUp | ArrivedCamp | ReturnedCamp)
    }

    /// Whether its Friend holds the invoice from then on.
    pub fn gives_hold(self) -> bool {
        matches!(self, Assigned | Loaded | Departed | AttemptFailed)
    }

    pub fn completes(self, direction: Direction) -> bool {
        match direction {
            Direction::Delivery => self == Delivered,
            Direction::Return => {
                matches!(self, PickedUp | ArrivedCamp | ReceivedWarehouse | Inspected | Exchanged | Completed)
            }
        }
    }

    /// What a Friend does on the road.
    pub fn is_activity(self) -> bool {
        matches!(self, Departed | AttemptFailed | Delivered | PickedUp)
    }
}

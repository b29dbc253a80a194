//! One durable stream, as S2's collector writes it.

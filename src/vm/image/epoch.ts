// The one time that files of an image carry, so that two builds agree on it. It is
// no release date: the guest's clock comes from its machine.

/** In seconds since 1970: 2026-01-01 00:00 UTC. */
export const SOURCE_DATE_EPOCH = 1_767_225_600;

/** How the event in hand is to be mapped: what the host is, and what the record's `o365audit_options` ask for. */

/** The host prints doubles with 16 digits, of which 15 are sure (Fluent Bit). */
export let fromDouble: bool = false;

export function setFromDouble(value: bool): void {
  fromDouble = value;
}

/** The switches of a record, a bit each; the names are those of `o365audit_options`. */
export const enum Option {
  user_roles = 1, // R305
  strip_quotes = 2, // R010
  parse_parameters = 4, // R012
  info_string_user_agent = 8, // R414
  dlp_message = 16, // R112
  alerts_of_peers = 32, // R105: alerts: "peers"
  rule_name_air = 64, // R571
  target_roles = 128, // R302
  dlp_hash = 256, // dlp_detections: "hash"
  dlp_drop = 512, // dlp_detections: "drop"
}

export let options: u32 = 0;
/** Detections of data loss prevention are hashed or dropped. */
export let withholding: bool = false;

export function setOptions(value: u32): void {
  options = value;
  withholding = asked(Option.dlp_hash) || asked(Option.dlp_drop);
}

// @ts-ignore: decorator
@inline
export function asked(option: Option): bool {
  return (options & option) != 0;
}

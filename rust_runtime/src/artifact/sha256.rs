//! SHA-256 (FIPS 180-4).

#[rustfmt::skip]
const ROUND: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// The hash of some bytes.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    let mut state: [u32; 8] =
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    let blocks = data.chunks_exact(64);
    let rest = blocks.remainder();
    for block in blocks {
        compress(&mut state, block);
    }
    let mut tail = [0; 128];
    tail[..rest.len()].copy_from_slice(rest);
    tail[rest.len()] = 0x80;
    let size = if rest.len() < 56 { 64 } else { 128 };
    tail[size - 8..size].copy_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    for block in tail[..size].chunks_exact(64) {
        compress(&mut state, block);
    }
    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

/// The usual lower-case digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

/// Eight of the 64 rounds: the names move on instead of the values. `words` are the newest 16 of the schedule, each
/// made just before it is used; `b ^ c` is the `a ^ b` of the round before.
macro_rules! rounds {
    ([$a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident] $ab:ident $words:ident $first:ident $i:expr) => {
        rounds!($a $b $d $e $f $g $h, $ab $words $first, $i);
        rounds!($h $a $c $d $e $f $g, $ab $words $first, $i + 1);
        rounds!($g $h $b $c $d $e $f, $ab $words $first, $i + 2);
        rounds!($f $g $a $b $c $d $e, $ab $words $first, $i + 3);
        rounds!($e $f $h $a $b $c $d, $ab $words $first, $i + 4);
        rounds!($d $e $g $h $a $b $c, $ab $words $first, $i + 5);
        rounds!($c $d $f $g $h $a $b, $ab $words $first, $i + 6);
        rounds!($b $c $e $f $g $h $a, $ab $words $first, $i + 7);
    };
    ($a:ident $b:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $ab:ident $words:ident $first:ident, $i:expr) => {
        if $first > 0 {
            let (early, late) = ($words[($i + 1) % 16], $words[($i + 14) % 16]);
            let one = early.rotate_right(7) ^ early.rotate_right(18) ^ early >> 3;
            let two = late.rotate_right(17) ^ late.rotate_right(19) ^ late >> 10;
            $words[$i] = $words[$i].wrapping_add(one).wrapping_add($words[($i + 9) % 16]).wrapping_add(two);
        }
        let add = ROUND[$first + $i].wrapping_add($words[$i]);
        let choice = $g ^ ($e & ($f ^ $g));
        let sum = $e.rotate_right(6) ^ $e.rotate_right(11) ^ $e.rotate_right(25);
        $h = $h.wrapping_add(add).wrapping_add(choice).wrapping_add(sum);
        $d = $d.wrapping_add($h);
        let sum = $a.rotate_right(2) ^ $a.rotate_right(13) ^ $a.rotate_right(22);
        let other = $a ^ $b;
        let most = (other & $ab) ^ $b;
        $ab = other;
        $h = $h.wrapping_add(sum).wrapping_add(most);
    };
}

fn compress(state: &mut [u32; 8], block: &[u8]) {
    let mut words = [0u32; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    let mut ab = b ^ c;
    for first in [0, 16, 32, 48] {
        rounds!([a b c d e f g h] ab words first 0);
        rounds!([a b c d e f g h] ab words first 8);
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        for (data, expected) in [
            (String::new(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc".into(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("a".repeat(55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
            ("a".repeat(56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
            ("a".repeat(64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
            ("a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        ] {
            assert_eq!(hex(&sha256(data.as_bytes())), expected, "{} bytes", data.len());
        }
    }
}

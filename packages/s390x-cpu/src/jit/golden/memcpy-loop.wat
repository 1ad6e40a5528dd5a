;; # A copy, byte by byte, and then by doublewords with an index.
;; # jit entry bytes
;;         larl  %r2,to
;;         larl  %r3,from
;;         lghi  %r4,5
;; bytes:  llgc  %r0,0(%r3)
;;         stc   %r0,0(%r2)
;;         la    %r3,1(%r3)
;;         la    %r2,1(%r2)
;;         brctg %r4,bytes
;;         larl  %r2,to
;;         larl  %r3,from
;;         lghi  %r1,0
;;         lghi  %r4,8
;;         lghi  %r5,23
;; words:  lg    %r0,0(%r1,%r3)
;;         stg   %r0,0(%r1,%r2)
;;         brxlg %r1,%r4,words
;;         svc   255
;; from:   .ascii "twenty-four characters.\0"
;;         .space 256
;; to:     .space 24
;;
;; 64-bit mode, 14 guest instructions in 4 blocks, 770 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r3 i64) (local $t16 i64) (local $t17 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $t21 i64) (local $r0 i64)
    (local $r2 i64) (local $r4 i64) (local $r1 i64) (local $r5 i64)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r0 (i64.load (i32.const 1024)) (; %r0 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_bytes
        (block $to_leave

          ;; 10010 bytes: llgc %r0,0(%r3)
          (local.set $t16 (local.get $r3))
          (local.set $t17 (local.get $t16))
          (local.set $t18 (i32.wrap_i64 (local.get $t17)))
          (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t17)) (i64.const -4096)) (then
            (local.set $end (i32.const 17))
            (br $to_leave)
          ) (else
            (local.set $t20 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t18)))
          ))
          (local.set $t21 (i64.load8_u offset=15 (local.get $t20)))
          (local.set $r0 (local.get $t21))

          ;; 10016: stc %r0,0(%r2)
          (local.set $t21 (local.get $r2))
          (local.set $t20 (i32.wrap_i64 (local.get $r0)))
          (local.set $t17 (local.get $t21))
          (local.set $t19 (i32.wrap_i64 (local.get $t17)))
          (local.set $t18 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t19) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t18)) (local.get $t17)) (i64.const -4096)) (then
            (local.set $end (i32.const 23))
            (br $to_leave)
          ) (else
            (i32.store8 offset=15 (i32.sub (i32.load offset=16392 (local.get $t18)) (local.get $t19)) (local.get $t20))
          ))

          ;; 1001a: la %r3,1(%r3)
          (local.set $t17 (i64.add (local.get $r3) (i64.const 1)))
          (local.set $r3 (local.get $t17))

          ;; 1001e: la %r2,1(%r2)
          (local.set $t17 (i64.add (local.get $r2) (i64.const 1)))
          (local.set $r2 (local.get $t17))

          ;; 10022: brctg %r4,bytes
          (local.set $t17 (i64.sub (local.get $r4) (i64.const 1)))
          (local.set $r4 (local.get $t17))
          (local.set $t18 (i64.ne (local.get $t17) (i64.const 0)))
          (if (local.get $t18) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 16))
              (br $to_leave)
            ))
            (br $loop_bytes)
          ))

          ;; 10026: larl %r2,to
          (local.set $t17 (i64.add (local.get $base) (i64.const 362)))
          (local.set $r2 (local.get $t17))

          ;; 1002c: larl %r3,from
          (local.set $t17 (i64.add (local.get $base) (i64.const 82)))
          (local.set $r3 (local.get $t17))

          ;; 10032: lghi %r1,0
          (local.set $r1 (i64.const 0))

          ;; 10036: lghi %r4,8
          (local.set $r4 (i64.const 8))

          ;; 1003a: lghi %r5,23
          (local.set $r5 (i64.const 23))
          (loop $loop_words
            (block $to_leave'

              ;; 1003e words: lg %r0,0(%r1,%r3)
              (local.set $t17 (i64.add (local.get $r3) (local.get $r1)))
              (local.set $t21 (local.get $t17))
              (local.set $t18 (i32.wrap_i64 (local.get $t21)))
              (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
              (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t21)) (i64.const -4089)) (then
                (local.set $end (i32.const 63))
                (br $to_leave')
              ) (else
                (local.set $t20 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t18)))
              ))
              (local.set $t16 (i64.load offset=8 (local.get $t20)))
              (local.set $r0 (local.get $t16))

              ;; 10044: stg %r0,0(%r1,%r2)
              (local.set $t16 (i64.add (local.get $r2) (local.get $r1)))
              (local.set $t21 (local.get $r0))
              (local.set $t17 (local.get $t16))
              (local.set $t20 (i32.wrap_i64 (local.get $t17)))
              (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
              (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t19)) (local.get $t17)) (i64.const -4089)) (then
                (local.set $end (i32.const 69))
                (br $to_leave')
              ) (else
                (i64.store offset=8 (i32.sub (i32.load offset=16392 (local.get $t19)) (local.get $t20)) (local.get $t21))
              ))

              ;; 1004a: brxlg %r1,%r4,words
              (local.set $t17 (local.get $r5))
              (local.set $t21 (i64.add (local.get $r1) (local.get $r4)))
              (local.set $r1 (local.get $t21))
              (local.set $t19 (i64.le_s (local.get $t21) (local.get $t17)))
              (if (local.get $t19) (then
                (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                  (local.set $end (i32.const 62))
                  (br $to_leave')
                ))
                (br $loop_words)
              ))
              (block $to_leave''

                ;; 10050: svc 255
                (local.set $end (i32.const 80))
                (br $to_leave'')
                (unreachable)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1024) (local.get $r0)) (; %r0 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1064) (local.get $r5)) (; %r5 ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)

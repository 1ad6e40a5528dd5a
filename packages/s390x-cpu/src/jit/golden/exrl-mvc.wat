;; # memcpy as compilers write it: a length from a register.
;; # jit entry again
;;         larl  %r2,to
;;         larl  %r3,from
;;         lghi  %r4,20
;; again:  exrl  %r4,move
;;         la    %r2,21(%r2)
;;         aghi  %r4,-6
;;         jnm   again
;;         svc   255
;; move:   mvc   0(1,%r2),0(%r3)
;; from:   .ascii "twenty-four characters.\0"
;;         .space 256
;; to:     .space 128
;;
;; 64-bit mode, 5 guest instructions in 2 blocks, 626 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "copySpan" (func $copySpan (param i32 i32 i32)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r4 i64) (local $t16 i32) (local $t17 i32) (local $r2 i64) (local $t19 i64) (local $r3 i64) (local $t21 i64) (local $t22 i64)
    (local $t23 i32) (local $t24 i32) (local $t25 i32) (local $t26 i64) (local $t27 i32) (local $t28 i32) (local $t29 i32) (local $t30 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_leave

          ;; 10010 again: exrl %r4,move, which executes mvc 0(1,%r2),0(%r3)
          (block $to_10016
            (local.set $t16 (i32.and (i32.wrap_i64 (local.get $r4)) (i32.const 255)))
            (local.set $t17 (i32.add (local.get $t16) (i32.const 1)))
            (local.set $t19 (local.get $r2))
            (local.set $t21 (local.get $r3))
            (local.set $t22 (local.get $t19))
            (local.set $t23 (i32.wrap_i64 (local.get $t22)))
            (local.set $t24 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t23) (i32.const 8)) (i32.const 16368))))
            (if
              (i64.lt_u
                (i64.sub (i64.load offset=16384 (local.get $t24)) (local.get $t22))
                (i64.xor (i64.extend_i32_u (i32.sub (i32.const 4096) (local.get $t17))) (i64.const -1)))
            (then
              (local.set $t25 (i32.const 0))
            ) (else
              (local.set $t25
                (i32.add (i32.sub (i32.load offset=16392 (local.get $t24)) (local.get $t23)) (i32.sub (i32.const 16) (local.get $t17))))
            ))
            (if (local.get $t25) (then
              (local.set $t26 (local.get $t21))
              (local.set $t27 (i32.wrap_i64 (local.get $t26)))
              (local.set $t28 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t27) (i32.const 8)) (i32.const 16368))))
              (if
                (i64.lt_u
                  (i64.sub (i64.load (local.get $t28)) (local.get $t26))
                  (i64.xor (i64.extend_i32_u (i32.sub (i32.const 4096) (local.get $t17))) (i64.const -1)))
              (then
                (local.set $t29 (i32.const 0))
              ) (else
                (local.set $t29
                  (i32.add (i32.sub (i32.load offset=8 (local.get $t28)) (local.get $t27)) (i32.sub (i32.const 16) (local.get $t17))))
              ))
              (if (local.get $t29) (then
                (call $copySpan (local.get $t25) (local.get $t29) (local.get $t17))
                (br $to_10016)
              ))
            ))
            (local.set $end (i32.const 17))
            (br $to_leave)
          )

          ;; 10016: la %r2,21(%r2)
          (local.set $t26 (i64.add (local.get $r2) (i64.const 21)))
          (local.set $r2 (local.get $t26))

          ;; 1001a: aghi %r4,-6
          (local.set $t26 (local.get $r4))
          (local.set $t22 (i64.add (local.get $t26) (i64.const -6)))
          (local.set $r4 (local.get $t22))
          (local.set $t21 (local.get $t26))
          (local.set $cc_b64 (i64.const -6))
          (local.set $cc_a64 (local.get $t21))
          (local.set $cc_kind (i32.const 8))

          ;; 1001e: jnl again
          (local.set $cc
            (select
              (i32.const 3)
              (i32.or
                (i32.shl (i64.gt_s (i64.add (local.get $cc_a64) (local.get $cc_b64)) (i64.const 0)) (i32.const 1))
                (i64.lt_s (i64.add (local.get $cc_a64) (local.get $cc_b64)) (i64.const 0)))
              (i32.wrap_i64
                (i64.shr_u
                  (i64.and
                    (i64.xor (local.get $cc_a64) (i64.add (local.get $cc_a64) (local.get $cc_b64)))
                    (i64.xor (local.get $cc_b64) (i64.add (local.get $cc_a64) (local.get $cc_b64))))
                  (i64.const 63)))))
          (local.set $cc_kind (i32.const 0))
          (if (i32.and (i32.shl (i32.const 11) (local.get $cc)) (i32.const 8)) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 16))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_leave'

            ;; 10022: svc 255
            (local.set $end (i32.const 34))
            (br $to_leave')
            (unreachable)
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
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (if (local.get $cc_kind) (then
      (local.set $t30
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t30 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t30)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)

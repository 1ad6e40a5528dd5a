;; # EXECUTE, as the C library has it: a comparison with a length from a register, at an address from another.
;; # jit entry again
;; # jit executes execute: compare
;;         larl  %r2,one
;;         larl  %r3,other
;;         larl  %r5,compare
;;         lghi  %r4,11
;;         lghi  %r1,0
;; again:  aghi  %r1,1
;; execute: ex   %r4,0(%r5)
;;         je    equal
;;         brctg %r4,again
;; equal:  svc   255
;; compare: clc  0(1,%r2),0(%r3)
;; one:    .ascii "twelve bytes"
;; other:  .ascii "twelve lines"
;;
;; 64-bit mode, 5 guest instructions in 3 blocks, 640 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "compareSpan" (func $compareSpan (param i32 i32 i32) (result i32)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r1 i64) (local $t16 i64) (local $t17 i64) (local $t18 i64) (local $r5 i64) (local $r4 i64) (local $t21 i32) (local $t22 i32)
    (local $r2 i64) (local $r3 i64) (local $t25 i64) (local $t26 i32) (local $t27 i32) (local $t28 i32) (local $t29 i64) (local $t30 i32)
    (local $t31 i32) (local $t32 i32) (local $t33 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_equal
          (block $to_leave

            ;; 1001a again: aghi %r1,1
            (local.set $t16 (local.get $r1))
            (local.set $t17 (i64.add (local.get $t16) (i64.const 1)))
            (local.set $r1 (local.get $t17))
            (local.set $t18 (local.get $t16))
            (local.set $cc_b64 (i64.const 1))
            (local.set $cc_a64 (local.get $t18))
            (local.set $cc_kind (i32.const 8))

            ;; 1001e execute: ex %r4,0(%r5), which executes clc 0(1,%r2),0(%r3)
            (block $to_10022
              (local.set $t18 (local.get $r5))
              (if (i64.ne (local.get $t18) (i64.add (local.get $base) (i64.const 44))) (then
                (local.set $end (i32.const 31))
                (br $to_leave)
              ))
              (local.set $t21 (i32.and (i32.wrap_i64 (local.get $r4)) (i32.const 255)))
              (local.set $t22 (i32.add (local.get $t21) (i32.const 1)))
              (local.set $t17 (local.get $r2))
              (local.set $t16 (local.get $r3))
              (local.set $t25 (local.get $t17))
              (local.set $t26 (i32.wrap_i64 (local.get $t25)))
              (local.set $t27 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t26) (i32.const 8)) (i32.const 16368))))
              (if
                (i64.lt_u
                  (i64.sub (i64.load (local.get $t27)) (local.get $t25))
                  (i64.xor (i64.extend_i32_u (i32.sub (i32.const 4096) (local.get $t22))) (i64.const -1)))
              (then
                (local.set $t28 (i32.const 0))
              ) (else
                (local.set $t28
                  (i32.add (i32.sub (i32.load offset=8 (local.get $t27)) (local.get $t26)) (i32.sub (i32.const 16) (local.get $t22))))
              ))
              (if (local.get $t28) (then
                (local.set $t29 (local.get $t16))
                (local.set $t30 (i32.wrap_i64 (local.get $t29)))
                (local.set $t31 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t30) (i32.const 8)) (i32.const 16368))))
                (if
                  (i64.lt_u
                    (i64.sub (i64.load (local.get $t31)) (local.get $t29))
                    (i64.xor (i64.extend_i32_u (i32.sub (i32.const 4096) (local.get $t22))) (i64.const -1)))
                (then
                  (local.set $t32 (i32.const 0))
                ) (else
                  (local.set $t32
                    (i32.add (i32.sub (i32.load offset=8 (local.get $t31)) (local.get $t30)) (i32.sub (i32.const 16) (local.get $t22))))
                ))
                (if (local.get $t32) (then
                  (local.set $cc (call $compareSpan (local.get $t28) (local.get $t32) (local.get $t22)))
                  (local.set $cc_kind (i32.const 0))
                  (br $to_10022)
                ))
              ))
              (local.set $end (i32.const 31))
              (br $to_leave)
            )

            ;; 10022: je equal
            (if (i32.and (i32.shl (i32.const 8) (local.get $cc)) (i32.const 8)) (then (br $to_equal)))
            (block $to_leave'

              ;; 10026: brctg %r4,again
              (local.set $t29 (i64.sub (local.get $r4) (i64.const 1)))
              (local.set $r4 (local.get $t29))
              (local.set $t32 (i64.ne (local.get $t29) (i64.const 0)))
              (if (local.get $t32) (then
                (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                  (local.set $end (i32.const 26))
                  (br $to_leave')
                ))
                (br $loop_again)
              ))
              (br $to_equal)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (block $to_leave

          ;; 1002a equal: svc 255
          (local.set $end (i32.const 42))
          (br $to_leave)
          (unreachable)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (if (local.get $cc_kind) (then
      (local.set $t33
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t33 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t33)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)

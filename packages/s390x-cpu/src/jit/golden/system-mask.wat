;; # A counter that is changed with interruptions off, as Linux does it.
;; # jit entry again
;;         larl  %r2,counter
;;         larl  %r3,flags
;;         lghi  %r4,3
;; again:  stnsm 0(%r3),0xfc
;;         lg    %r1,0(%r2)
;;         aghi  %r1,1
;;         stg   %r1,0(%r2)
;;         tm    0(%r3),3
;;         je    off
;;         stosm 0(%r3),3
;; off:    brctg %r4,again
;;         svc   255
;;         .space 256
;;         .align 8
;; counter: .quad 0
;; flags:  .byte 0
;;
;; 64-bit mode, 9 guest instructions in 4 blocks, 1112 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "pendingTimers" (func $pendingTimers (result i32)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $t15 i32) (local $t16 i32) (local $t17 i32) (local $t18 i32) (local $t19 i32) (local $r3 i64) (local $t21 i64) (local $t22 i32)
    (local $t23 i64) (local $t24 i32) (local $t25 i32) (local $r2 i64) (local $t27 i64) (local $r1 i64) (local $r4 i64) (local $t30 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_off
          (block $to_leave

            ;; 10010 again: stnsm 0(%r3),252
            (if (i32.and (i32.load (i32.const 2060)) (i32.const 0x10000)) (then
              (local.set $end (i32.const 17))
              (br $to_leave)
            ))
            (local.set $t15 (i32.shr_u (i32.load (i32.const 2060)) (i32.const 24)))
            (local.set $t16 (i32.and (local.get $t15) (i32.const 252)))
            (if (i32.and (i32.xor (local.get $t15) (local.get $t16)) (i32.const -4)) (then
              (local.set $end (i32.const 17))
              (br $to_leave)
            ))
            (local.set $t17 (i32.and (local.get $t16) (i32.xor (local.get $t15) (i32.const -1))))
            (if (local.get $t17) (then
              (if (i32.load (i32.const 2284)) (then
                (local.set $end (i32.const 17))
                (br $to_leave)
              ))
              (if (i32.and (local.get $t17) (i32.const 1)) (then
                (local.set $t18 (i32.load (i32.const 1280)))
                (local.set $t19
                  (i32.or
                    (i32.and (i32.shr_u (local.get $t18) (i32.const 11)) (i32.const 1))
                    (i32.and (i32.shr_u (local.get $t18) (i32.const 9)) (i32.const 2))))
                (if (local.get $t19) (then
                  (if (i32.and (call $pendingTimers) (local.get $t19)) (then
                    (local.set $end (i32.const 17))
                    (br $to_leave)
                  ))
                ))
              ))
            ))
            (local.set $t21 (local.get $r3))
            (local.set $t22 (local.get $t15))
            (local.set $t23 (local.get $t21))
            (local.set $t24 (i32.wrap_i64 (local.get $t23)))
            (local.set $t25 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t24) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t25)) (local.get $t23)) (i64.const -4096)) (then
              (local.set $end (i32.const 17))
              (br $to_leave)
            ) (else
              (i32.store8 offset=15 (i32.sub (i32.load offset=16392 (local.get $t25)) (local.get $t24)) (local.get $t22))
            ))
            (i32.store8 (i32.const 2063) (local.get $t16))

            ;; 10014: lg %r1,0(%r2)
            (local.set $t23 (local.get $r2))
            (local.set $t21 (local.get $t23))
            (local.set $t25 (i32.wrap_i64 (local.get $t21)))
            (local.set $t24 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t25) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t24)) (local.get $t21)) (i64.const -4089)) (then
              (local.set $end (i32.const 21))
              (br $to_leave)
            ) (else
              (local.set $t22 (i32.sub (i32.load offset=8 (local.get $t24)) (local.get $t25)))
            ))
            (local.set $t27 (i64.load offset=8 (local.get $t22)))
            (local.set $r1 (local.get $t27))

            ;; 1001a: aghi %r1,1
            (local.set $t27 (local.get $r1))
            (local.set $t21 (i64.add (local.get $t27) (i64.const 1)))
            (local.set $r1 (local.get $t21))
            (local.set $t23 (local.get $t27))
            (local.set $cc_b64 (i64.const 1))
            (local.set $cc_a64 (local.get $t23))
            (local.set $cc_kind (i32.const 8))

            ;; 1001e: stg %r1,0(%r2)
            (local.set $t23 (local.get $r2))
            (local.set $t21 (local.get $r1))
            (local.set $t27 (local.get $t23))
            (local.set $t22 (i32.wrap_i64 (local.get $t27)))
            (local.set $t24 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t22) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t24)) (local.get $t27)) (i64.const -4089)) (then
              (local.set $end (i32.const 31))
              (br $to_leave)
            ) (else
              (i64.store offset=8 (i32.sub (i32.load offset=16392 (local.get $t24)) (local.get $t22)) (local.get $t21))
            ))

            ;; 10024: tm 0(%r3),3
            (local.set $t27 (local.get $r3))
            (local.set $t21 (local.get $t27))
            (local.set $t24 (i32.wrap_i64 (local.get $t21)))
            (local.set $t22 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t24) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t22)) (local.get $t21)) (i64.const -4096)) (then
              (local.set $end (i32.const 37))
              (br $to_leave)
            ) (else
              (local.set $t25 (i32.sub (i32.load offset=8 (local.get $t22)) (local.get $t24)))
            ))
            (local.set $t19 (i32.load8_u offset=15 (local.get $t25)))
            (local.set $t18 (i32.and (local.get $t19) (i32.const 3)))
            (local.set $cc
              (select (i32.const 0) (select (i32.const 3) (i32.const 1) (i32.eq (local.get $t18) (i32.const 3))) (i32.eqz (local.get $t18))))
            (local.set $cc_kind (i32.const 0))

            ;; 10028: je off
            (if (i32.and (i32.shl (i32.const 8) (local.get $cc)) (i32.const 8)) (then (br $to_off)))
            (block $to_leave'

              ;; 1002c: stosm 0(%r3),3
              (if (i32.and (i32.load (i32.const 2060)) (i32.const 0x10000)) (then
                (local.set $end (i32.const 45))
                (br $to_leave')
              ))
              (local.set $t18 (i32.shr_u (i32.load (i32.const 2060)) (i32.const 24)))
              (local.set $t19 (i32.or (local.get $t18) (i32.const 3)))
              (if (i32.and (i32.xor (local.get $t18) (local.get $t19)) (i32.const -4)) (then
                (local.set $end (i32.const 45))
                (br $to_leave')
              ))
              (local.set $t25 (i32.and (local.get $t19) (i32.xor (local.get $t18) (i32.const -1))))
              (if (local.get $t25) (then
                (if (i32.load (i32.const 2284)) (then
                  (local.set $end (i32.const 45))
                  (br $to_leave')
                ))
                (if (i32.and (local.get $t25) (i32.const 1)) (then
                  (local.set $t22 (i32.load (i32.const 1280)))
                  (local.set $t24
                    (i32.or
                      (i32.and (i32.shr_u (local.get $t22) (i32.const 11)) (i32.const 1))
                      (i32.and (i32.shr_u (local.get $t22) (i32.const 9)) (i32.const 2))))
                  (if (local.get $t24) (then
                    (if (i32.and (call $pendingTimers) (local.get $t24)) (then
                      (local.set $end (i32.const 45))
                      (br $to_leave')
                    ))
                  ))
                ))
              ))
              (local.set $t21 (local.get $r3))
              (local.set $t17 (local.get $t18))
              (local.set $t27 (local.get $t21))
              (local.set $t16 (i32.wrap_i64 (local.get $t27)))
              (local.set $t15 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t16) (i32.const 8)) (i32.const 16368))))
              (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t15)) (local.get $t27)) (i64.const -4096)) (then
                (local.set $end (i32.const 45))
                (br $to_leave')
              ) (else
                (i32.store8 offset=15 (i32.sub (i32.load offset=16392 (local.get $t15)) (local.get $t16)) (local.get $t17))
              ))
              (i32.store8 (i32.const 2063) (local.get $t19))
              (br $to_off)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (block $to_leave

          ;; 10030 off: brctg %r4,again
          (local.set $t27 (i64.sub (local.get $r4) (i64.const 1)))
          (local.set $r4 (local.get $t27))
          (local.set $t15 (i64.ne (local.get $t27) (i64.const 0)))
          (if (local.get $t15) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 16))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_leave'

            ;; 10034: svc 255
            (local.set $end (i32.const 52))
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
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
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

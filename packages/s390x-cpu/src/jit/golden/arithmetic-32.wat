;; # 32-bit arithmetic, and condition codes that somebody looks at.
;; # jit entry again
;;         lghi  %r1,6
;;         llilf %r2,0x7ffffff0
;;         lghi  %r3,5
;;         lghi  %r4,0
;;         lghi  %r5,0
;; again:  ar    %r2,%r3
;;         jo    over
;;         alr   %r4,%r2
;;         brc   3,carry
;; count:  brct  %r1,again
;;         ipm   %r6
;;         svc   255
;; over:   ahi   %r5,1
;;         j     count
;; carry:  ahi   %r5,100
;;         j     count
;;
;; 64-bit mode, 11 guest instructions in 6 blocks, 774 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r3 i64) (local $t16 i32) (local $r2 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $r5 i64) (local $r4 i64)
    (local $r1 i64) (local $r6 i64) (local $t25 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r6 (i64.load (i32.const 1072)) (; %r6 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_count

          ;; 10016 again: ar %r2,%r3
          (local.set $t16 (i32.wrap_i64 (local.get $r3)))
          (local.set $t18 (i32.wrap_i64 (local.get $r2)))
          (local.set $t19 (i32.add (local.get $t18) (local.get $t16)))
          (local.set $r2 (i64.or (i64.and (local.get $r2) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t19))))
          (local.set $t20 (local.get $t18))
          (local.set $cc_b32 (local.get $t16))
          (local.set $cc_a32 (local.get $t20))
          (local.set $cc_kind (i32.const 7))

          ;; 10018: jo over
          (local.set $cc
            (select
              (i32.const 3)
              (i32.or
                (i32.shl (i32.gt_s (i32.add (local.get $cc_a32) (local.get $cc_b32)) (i32.const 0)) (i32.const 1))
                (i32.lt_s (i32.add (local.get $cc_a32) (local.get $cc_b32)) (i32.const 0)))
              (i32.shr_u
                (i32.and
                  (i32.xor (local.get $cc_a32) (i32.add (local.get $cc_a32) (local.get $cc_b32)))
                  (i32.xor (local.get $cc_b32) (i32.add (local.get $cc_a32) (local.get $cc_b32))))
                (i32.const 31))))
          (local.set $cc_kind (i32.const 0))
          (if (i32.and (i32.shl (i32.const 1) (local.get $cc)) (i32.const 8)) (then

            ;; 1002c over: ahi %r5,1
            (local.set $t20 (i32.wrap_i64 (local.get $r5)))
            (local.set $t19 (i32.add (local.get $t20) (i32.const 1)))
            (local.set $r5 (i64.or (i64.and (local.get $r5) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t19))))
            (local.set $t18 (local.get $t20))
            (local.set $cc_b32 (i32.const 1))
            (local.set $cc_a32 (local.get $t18))
            (local.set $cc_kind (i32.const 7))

            ;; 10030: j count
            (br $to_count)
            (unreachable)

            ;; leave: where all exits of the block meet
            (br $to_exit)
          ))

          ;; 1001c: alr %r4,%r2
          (local.set $t18 (i32.wrap_i64 (local.get $r2)))
          (local.set $t19 (i32.wrap_i64 (local.get $r4)))
          (local.set $t20 (i32.add (local.get $t19) (local.get $t18)))
          (local.set $r4 (i64.or (i64.and (local.get $r4) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t20))))
          (local.set $t16 (local.get $t19))
          (local.set $cc_b32 (local.get $t20))
          (local.set $cc_a32 (local.get $t16))
          (local.set $cc_kind (i32.const 11))

          ;; 1001e: jnle carry
          (if (i32.lt_u (local.get $cc_b32) (local.get $cc_a32)) (then

            ;; 10034 carry: ahi %r5,100
            (local.set $t16 (i32.wrap_i64 (local.get $r5)))
            (local.set $t20 (i32.add (local.get $t16) (i32.const 100)))
            (local.set $r5 (i64.or (i64.and (local.get $r5) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t20))))
            (local.set $t19 (local.get $t16))
            (local.set $cc_b32 (i32.const 100))
            (local.set $cc_a32 (local.get $t19))
            (local.set $cc_kind (i32.const 7))

            ;; 10038: j count
            (br $to_count)
            (unreachable)

            ;; leave: where all exits of the block meet
            (br $to_exit)
          ))
          (br $to_count)

          ;; leave: where all exits of the block meet
          (br $to_exit)

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (block $to_leave

          ;; 10022 count: brct %r1,again
          (local.set $t19 (i32.sub (i32.wrap_i64 (local.get $r1)) (i32.const 1)))
          (local.set $r1 (i64.or (i64.and (local.get $r1) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t19))))
          (if (local.get $t19) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 22))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_leave'

            ;; 10026: ipm %r6
            (if (local.get $cc_kind) (then
              (local.set $t19
                (call $conditionCode
                  (local.get $cc_kind)
                  (local.get $cc_a32)
                  (local.get $cc_b32)
                  (local.get $cc_a64)
                  (local.get $cc_b64)
                  (local.get $cc_af64)
                  (local.get $cc_bf64)))
            ) (else
              (local.set $t19 (local.get $cc))
            ))
            (local.set $cc (local.get $t19))
            (local.set $cc_kind (i32.const 0))
            (local.set $r6
              (i64.or
                (i64.and (local.get $r6) (i64.const 0xffffffff00000000))
                (i64.extend_i32_u
                  (i32.or
                    (i32.and (i32.wrap_i64 (local.get $r6)) (i32.const 0xffffff))
                    (i32.shl
                      (i32.or
                        (i32.shl (local.get $cc) (i32.const 4))
                        (i32.and (i32.shr_u (i32.load (i32.const 2060)) (i32.const 8)) (i32.const 15)))
                      (i32.const 24))))))

            ;; 1002a: svc 255
            (local.set $end (i32.const 42))
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
    (i64.store (i32.const 1064) (local.get $r5)) (; %r5 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1072) (local.get $r6)) (; %r6 ;)
    (if (local.get $cc_kind) (then
      (local.set $t25
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t25 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t25)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)

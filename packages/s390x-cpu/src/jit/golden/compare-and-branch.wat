;; # A binary search: comparisons with a branch in them, and comparisons before a branch.
;; # jit entry again
;;         larl  %r2,numbers
;;         lghi  %r3,0            # low
;;         lghi  %r4,7            # high
;;         lghi  %r5,11           # wanted
;; again:  crjh  %r3,%r4,absent
;;         lr    %r1,%r3
;;         ar    %r1,%r4
;;         srl   %r1,1
;;         sllg  %r0,%r1,2
;;         lgr   %r6,%r0
;;         lgf   %r0,0(%r6,%r2)
;;         cgr   %r0,%r5
;;         je    found
;;         jh    below
;;         ahik  %r3,%r1,1
;;         j     again
;; below:  ahik  %r4,%r1,-1
;;         j     again
;; absent: lhi   %r1,-1
;; found:  svc   255
;;         .align 4
;; numbers: .long 1,2,3,5,7,11,13,17
;;
;; 64-bit mode, 16 guest instructions in 7 blocks, 800 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r3 i64) (local $t16 i32) (local $r4 i64) (local $t18 i32) (local $r1 i64) (local $t20 i32) (local $t21 i32) (local $r0 i64)
    (local $r6 i64) (local $r2 i64) (local $t25 i64) (local $t26 i64) (local $t27 i64) (local $r5 i64) (local $t29 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r0 (i64.load (i32.const 1024)) (; %r0 ;))
    (local.set $r6 (i64.load (i32.const 1072)) (; %r6 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_found

          ;; 10012 again: crjh %r3,%r4,absent
          (local.set $t16 (i32.wrap_i64 (local.get $r3)))
          (local.set $t18 (i32.wrap_i64 (local.get $r4)))
          (if (i32.gt_s (local.get $t16) (local.get $t18)) (then

            ;; 10050 absent: lhi %r1,-1
            (local.set $r1 (i64.or (i64.and (local.get $r1) (i64.const 0xffffffff00000000)) (i64.const 0xffffffff)))
            (br $to_found)

            ;; leave: where all exits of the block meet
            (br $to_exit)
          ))
          (block $to_leave

            ;; 10018: lr %r1,%r3
            (local.set $r1
              (i64.or (i64.and (local.get $r1) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (i32.wrap_i64 (local.get $r3)))))

            ;; 1001a: ar %r1,%r4
            (local.set $t18 (i32.wrap_i64 (local.get $r4)))
            (local.set $t16 (i32.wrap_i64 (local.get $r1)))
            (local.set $t20 (i32.add (local.get $t16) (local.get $t18)))
            (local.set $r1 (i64.or (i64.and (local.get $r1) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t20))))
            (local.set $t21 (local.get $t16))
            (local.set $cc_b32 (local.get $t18))
            (local.set $cc_a32 (local.get $t21))
            (local.set $cc_kind (i32.const 7))

            ;; 1001c: srl %r1,1
            (local.set $r1
              (i64.or
                (i64.and (local.get $r1) (i64.const 0xffffffff00000000))
                (i64.extend_i32_u (i32.wrap_i64 (i64.shr_u (i64.extend_i32_u (i32.wrap_i64 (local.get $r1))) (i64.const 1))))))

            ;; 10020: sllg %r0,%r1,2
            (local.set $r0 (i64.shl (local.get $r1) (i64.const 2)))

            ;; 10026: lgr %r6,%r0
            (local.set $r6 (local.get $r0))

            ;; 1002a: lgf %r0,0(%r6,%r2)
            (local.set $t25 (i64.add (local.get $r2) (local.get $r6)))
            (local.set $t26 (local.get $t25))
            (local.set $t21 (i32.wrap_i64 (local.get $t26)))
            (local.set $t20 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t21) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t20)) (local.get $t26)) (i64.const -4093)) (then
              (local.set $end (i32.const 43))
              (br $to_leave)
            ) (else
              (local.set $t16 (i32.sub (i32.load offset=8 (local.get $t20)) (local.get $t21)))
            ))
            (local.set $t27 (i64.load32_s offset=12 (local.get $t16)))
            (local.set $r0 (local.get $t27))

            ;; 10030: cgr %r0,%r5
            (local.set $t27 (local.get $r5))
            (local.set $t26 (local.get $r0))
            (local.set $t25 (local.get $t26))
            (local.set $cc_b64 (local.get $t27))
            (local.set $cc_a64 (local.get $t25))
            (local.set $cc_kind (i32.const 3))

            ;; 10034: je found
            (if (i64.eq (local.get $cc_a64) (local.get $cc_b64)) (then (br $to_found)))

            ;; 10038: jh below
            (if (i64.gt_s (local.get $cc_a64) (local.get $cc_b64)) (then
              (block $to_leave'

                ;; 10046 below: ahik %r4,%r1,-1
                (local.set $t16 (i32.wrap_i64 (local.get $r1)))
                (local.set $t20 (i32.add (local.get $t16) (i32.const -1)))
                (local.set $r4 (i64.or (i64.and (local.get $r4) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t20))))
                (local.set $t21 (local.get $t16))
                (local.set $cc_b32 (i32.const -1))
                (local.set $cc_a32 (local.get $t21))
                (local.set $cc_kind (i32.const 7))

                ;; 1004c: j again
                (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                  (local.set $end (i32.const 18))
                  (br $to_leave')
                ))
                (br $loop_again)
                (unreachable)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)
            ))
            (block $to_leave'

              ;; 1003c: ahik %r3,%r1,1
              (local.set $t21 (i32.wrap_i64 (local.get $r1)))
              (local.set $t20 (i32.add (local.get $t21) (i32.const 1)))
              (local.set $r3 (i64.or (i64.and (local.get $r3) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t20))))
              (local.set $t16 (local.get $t21))
              (local.set $cc_b32 (i32.const 1))
              (local.set $cc_a32 (local.get $t16))
              (local.set $cc_kind (i32.const 7))

              ;; 10042: j again
              (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
              (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                (local.set $end (i32.const 18))
                (br $to_leave')
              ))
              (br $loop_again)
              (unreachable)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (block $to_leave

          ;; 10054 found: svc 255
          (local.set $end (i32.const 84))
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
    (i64.store (i32.const 1024) (local.get $r0)) (; %r0 ;)
    (i64.store (i32.const 1072) (local.get $r6)) (; %r6 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (if (local.get $cc_kind) (then
      (local.set $t29
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t29 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t29)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
